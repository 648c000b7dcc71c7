//! What pages show of the services' messages: every text ready, nothing left to decide in a template.

mod basis;
mod case;
mod finding;
mod halt;
mod import;
mod media;
mod publication;
mod report;
mod revision;
mod signed;
mod spread;
mod suggestion;

pub(crate) use basis::BasisView;
pub(crate) use case::CaseView;
pub(crate) use finding::FindingView;
pub(crate) use halt::{HaltView, RefusedOrderView};
pub(crate) use import::{ImportedView, KeptField, PreviewView};
pub(crate) use media::MediaView;
pub(crate) use publication::{PublicationView, TypedResolution};
pub(crate) use report::{ReasonView, ReportView, reasons};
pub(crate) use revision::{RenditionView, RevisionView, renditions, unfinished};
#[cfg(test)]
pub(crate) use signed::tests as signed_tests;
pub(crate) use spread::SpreadView;
pub(crate) use suggestion::{Kind, Piece, SuggestionView};
