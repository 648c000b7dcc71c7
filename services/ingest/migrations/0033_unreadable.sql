-- Callbacks that could not be read are kept for half a year, not for ever.
GRANT DELETE ON ingest.unreadable_callback TO chengqing_ingest;
