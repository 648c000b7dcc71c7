//! Reading what may be said: only ever out of a bundle that verifies again at that moment (design G2).

use signoff::bundle::Bundle;
use signoff::verify::{Expected, Verified, verify};
use time::OffsetDateTime;

use crate::agency::Agency;
use crate::store::clarification::{Kept, Revision};

/// Verifies a bundle for a revision, as of an instant; else says why not, for an officer.
///
/// # Errors
/// The reason, in Chinese.
pub fn judge(
    agency: &Agency,
    revision: &Revision,
    bundle: &Bundle,
    as_of: OffsetDateTime,
) -> Result<Verified, String> {
    let expected =
        Expected { case: revision.case, clarification: revision.clarification, revision: revision.revision };
    verify(bundle, &agency.trust, &expected, as_of).map_err(|refused| {
        tracing::warn!(
            chengqing.case.id = %revision.case,
            reason = refused.reason(),
            "the bundle of clarification {} does not verify: {refused}", revision.clarification
        );
        format!("校验未通过：{}", refused.zh())
    })
}

/// Verifies our own kept copy again.
///
/// # Errors
/// The reason, in Chinese.
pub fn judge_kept(agency: &Agency, kept: &Kept, as_of: OffsetDateTime) -> Result<Verified, String> {
    let bundle = Bundle::decode(&kept.bundle).map_err(|malformed| {
        tracing::warn!(
            chengqing.case.id = %kept.revision.case,
            error = &malformed as &dyn std::error::Error,
            "the kept bundle of clarification {} cannot be read", kept.revision.clarification
        );
        "校验未通过：保存的签署材料无法读取，可能已被改动".to_owned()
    })?;
    judge(agency, &kept.revision, &bundle, as_of)
}
