//! tantivy in memory: BM25 over pairs of characters.

use tantivy::collector::TopDocs;
use tantivy::query::{BooleanQuery, Occur, Query, TermQuery};
use tantivy::schema::{Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::{NgramTokenizer, TextAnalyzer};
use tantivy::{Index, Searcher, Term};

use crate::plain::{FOUND, pairs};

/// Bytes that its writer may take before it flushes.
const WRITER_BYTES: usize = 256 << 20;

pub struct Tantivy {
    searcher: Searcher,
    field: Field,
}

impl Tantivy {
    pub fn of(known: &[String]) -> Self {
        Self::built(known).expect("an index in memory fails for want of memory only")
    }

    fn built(known: &[String]) -> tantivy::Result<Self> {
        let mut schema = Schema::builder();
        let indexing = TextFieldIndexing::default()
            .set_tokenizer("pairs")
            .set_index_option(IndexRecordOption::WithFreqs);
        let field = schema.add_text_field("text", TextOptions::default().set_indexing_options(indexing));
        let index = Index::create_in_ram(schema.build());
        index.tokenizers().register("pairs", TextAnalyzer::from(NgramTokenizer::all_ngrams(2, 2)?));
        let mut writer = index.writer_with_num_threads(1, WRITER_BYTES)?;
        for text in known {
            writer.add_document(tantivy::doc!(field => text.as_str()))?;
        }
        writer.commit()?;
        writer.wait_merging_threads()?;
        Ok(Self { searcher: index.reader()?.searcher(), field })
    }

    pub fn best(&self, text: &str) -> Option<usize> {
        let mut asked: Vec<String> =
            pairs(text).map(|(first, second)| String::from_iter([first, second])).collect();
        asked.sort_unstable();
        asked.dedup();
        let clauses: Vec<(Occur, Box<dyn Query>)> = asked
            .iter()
            .map(|pair| {
                let term = Term::from_field_text(self.field, pair);
                (
                    Occur::Should,
                    Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs)) as Box<dyn Query>,
                )
            })
            .collect();
        let found =
            self.searcher.search(&BooleanQuery::new(clauses), &TopDocs::with_limit(FOUND).order_by_score());
        // One segment, written by one thread in order: its numbers are those of the texts.
        found.ok()?.first().map(|&(_, at)| at.doc_id as usize)
    }
}
