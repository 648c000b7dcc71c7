#!/usr/bin/env bash
# Run once by the PostgreSQL container: one database per service, owned by a role that the service does not have.
set -euo pipefail

for service in approval ingest classification publish; do
    variable=${service^^}_PASSWORD
    psql --set=ON_ERROR_STOP=1 --username=postgres \
        --set=service_password="${!variable}" --set=owner_password="$OWNER_PASSWORD" <<SQL
CREATE ROLE chengqing_$service LOGIN PASSWORD :'service_password';
CREATE ROLE chengqing_${service}_owner LOGIN PASSWORD :'owner_password';
CREATE DATABASE chengqing_$service OWNER chengqing_${service}_owner;
REVOKE ALL ON DATABASE chengqing_$service FROM PUBLIC;
GRANT CONNECT ON DATABASE chengqing_$service TO chengqing_$service;
SQL
done

# The default lets every role into these two as well.
psql --set=ON_ERROR_STOP=1 --username=postgres \
    --command='REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC'
