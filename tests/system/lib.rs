//! Whole-suite tests: see `main.rs`.
//!
//! This library is empty. It exists so that a plain build of the workspace compiles the crash points in, as the
//! tests need them, and both share one build.
