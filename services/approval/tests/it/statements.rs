//! The SQL statements that an RPC of this process runs, in order, as sqlx tells of them.

use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

/// Statements with the RPC that ran them.
type Kept = Arc<Mutex<Vec<(String, String)>>>;

/// Keeps statements. One test a process may watch.
pub struct Statements(Kept);

impl Statements {
    pub fn watch() -> Self {
        let kept = Kept::default();
        tracing_subscriber::registry().with(Keeping(kept.clone())).init();
        Self(kept)
    }

    pub fn forget(&self) {
        self.0.lock().unwrap().clear();
    }

    /// What `method` ran since.
    pub fn of(&self, method: &str) -> Vec<String> {
        let kept = self.0.lock().unwrap();
        kept.iter().filter(|(of, _)| of == method).map(|(_, statement)| statement.clone()).collect()
    }
}

struct Keeping(Kept);

/// The RPC of a span.
struct Method(String);

impl<S: Subscriber + for<'span> LookupSpan<'span>> Layer<S> for Keeping {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut method = Text { name: "rpc.method", found: None };
        attributes.record(&mut method);
        if let (Some(method), Some(span)) = (method.found, context.span(id)) {
            span.extensions_mut().insert(Method(method));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if event.metadata().target() != "sqlx::query" {
            return;
        }
        let mut statement = Text { name: "summary", found: None };
        event.record(&mut statement);
        let method = context.event_scope(event).and_then(|mut scope| {
            scope.find_map(|span| span.extensions().get::<Method>().map(|method| method.0.clone()))
        });
        if let (Some(method), Some(statement)) = (method, statement.found) {
            self.0.lock().unwrap().push((method, statement));
        }
    }
}

/// One field as text.
struct Text {
    name: &'static str,
    found: Option<String>,
}

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == self.name {
            self.found = Some(value.to_owned());
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == self.name {
            self.found = Some(format!("{value:?}"));
        }
    }
}
