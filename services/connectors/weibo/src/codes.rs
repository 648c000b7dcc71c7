//! Every code that the platform is known to answer, in one table, classed by
//! what it proves about a write.
//!
//! A code that is not in here proves nothing; callers treat it as ambiguous.

use crate::error::Wait;

/// One code of the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    pub code: i64,
    pub class: Class,
    pub meaning: &'static str,
}

/// What the code proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Not done; data or permissions must change first.
    Refused,
    /// Not done; later may do.
    NotNow(Wait),
    /// Perhaps done: reconcile before any repetition.
    Ambiguous,
    /// The text is there already, perhaps from our own attempt: reconcile.
    Duplicate,
    /// Not done; a person must act.
    NeedsPerson,
    /// Done, but visible only after a minute or two.
    PublishedLate,
}

/// Looks a code up.
pub fn of(code: i64) -> Option<&'static Entry> {
    TABLE.binary_search_by_key(&code, |entry| entry.code).ok().map(|index| &TABLE[index])
}

/// Sorted by code.
pub const TABLE: &[Entry] = &[
    ambiguous(10001, "system error"),
    // Documented as passing; but a gateway says it too, after the body went on.
    ambiguous(10002, "service unavailable"),
    ambiguous(10003, "remote service error"),
    refused(10004, "address not allowed"),
    refused(10005, "the app key needs a higher level"),
    person(10006, "app key missing, or token unknown or expired"),
    refused(10007, "unsupported media type"),
    refused(10008, "parameter error"),
    ambiguous(10009, "too many pending tasks"),
    ambiguous(10010, "job expired"),
    ambiguous(10011, "internal call error"),
    refused(10012, "illegal request"),
    person(10013, "invalid user"),
    refused(10014, "insufficient app permissions"),
    refused(10016, "parameter missing"),
    refused(10017, "parameter invalid; or no link on the app's safe domain"),
    refused(10018, "request body too long"),
    refused(10020, "interface not found"),
    refused(10021, "HTTP method not supported"),
    not_now(10022, Wait::Quota, "calls from this address used up"),
    not_now(10023, Wait::Quota, "calls for this user used up"),
    not_now(10024, Wait::Quota, "calls of this interface for this user used up"),
    refused(10025, "internal service parameter error"),
    refused(10026, "interface withdrawn"),
    person(10032, "the user refused the scope"),
    refused(20001, "ids missing"),
    refused(20002, "user id missing"),
    refused(20003, "user does not exist"),
    refused(20005, "unsupported picture type"),
    refused(20006, "picture too large"),
    refused(20007, "picture missing in the multipart body"),
    refused(20008, "content missing"),
    refused(20009, "too many ids"),
    refused(20012, "text too long (140)"),
    refused(20013, "text too long (300)"),
    not_now(20014, Wait::Minutes, "safety check parameter wrong"),
    person(20015, "account, address or app illegal for now"),
    not_now(20016, Wait::Minutes, "posting too frequent"),
    duplicate(20017, "similar text"),
    person(20018, "contains an illegal website"),
    duplicate(20019, "repeated text"),
    person(20020, "advertising"),
    person(20021, "illegal content"),
    person(20022, "abnormal behaviour of this address"),
    person(20031, "captcha needed"),
    Entry { code: 20032, class: Class::PublishedLate, meaning: "published; visible in one or two minutes" },
    person(20033, "login state abnormal"),
    person(20034, "account locked"),
    refused(20049, "long text too long"),
    refused(20101, "post does not exist"),
    refused(20102, "post of somebody else"),
    refused(20103, "repost of one's own post"),
    refused(20104, "illegal post"),
    refused(20109, "post id missing"),
    duplicate(20111, "repeated text"),
    refused(20201, "comment does not exist"),
    refused(20202, "illegal comment"),
    refused(20203, "comment of somebody else"),
    refused(20204, "comment id missing"),
    refused(20301, "not a follower"),
    refused(20302, "illegal direct message"),
    refused(20303, "direct message of somebody else"),
    refused(20305, "direct message does not exist"),
    refused(20306, "repeated direct message"),
    refused(20307, "illegal direct message id"),
    person(21301, "authentication failed"),
    refused(21302, "wrong password"),
    not_now(21303, Wait::Quota, "password attempts used up"),
    refused(21304, "authorisation version rejected"),
    refused(21305, "authorisation parameter missing"),
    refused(21306, "authorisation parameter rejected"),
    refused(21307, "authorisation timestamp refused"),
    refused(21308, "authorisation nonce used"),
    refused(21309, "signature method rejected"),
    refused(21310, "signature invalid"),
    refused(21311, "app key unknown"),
    refused(21312, "app key refused"),
    refused(21313, "app key misused"),
    person(21314, "token used"),
    person(21315, "token expired"),
    person(21316, "token revoked"),
    person(21317, "token rejected"),
    person(21318, "verifier fails"),
    person(21319, "authorisation cancelled"),
    refused(21320, "HTTPS required"),
    person(21321, "app not reviewed and out of test users, or token revoked"),
    refused(21322, "redirect address mismatch"),
    refused(21323, "invalid authorisation request"),
    person(21324, "invalid client"),
    person(21325, "invalid grant"),
    person(21326, "unauthorised client"),
    person(21327, "token expired"),
    refused(21328, "unsupported grant type"),
    refused(21329, "unsupported response type"),
    person(21330, "access denied"),
    not_now(21331, Wait::Minutes, "temporarily unavailable"),
    person(21332, "token missing or invalid"),
    person(21333, "token or authorisation, meaning not documented"),
    person(21335, "token or authorisation, meaning not documented"),
    person(21602, "contains a forbidden word"),
];

const fn refused(code: i64, meaning: &'static str) -> Entry {
    Entry { code, class: Class::Refused, meaning }
}

const fn not_now(code: i64, wait: Wait, meaning: &'static str) -> Entry {
    Entry { code, class: Class::NotNow(wait), meaning }
}

const fn ambiguous(code: i64, meaning: &'static str) -> Entry {
    Entry { code, class: Class::Ambiguous, meaning }
}

const fn duplicate(code: i64, meaning: &'static str) -> Entry {
    Entry { code, class: Class::Duplicate, meaning }
}

const fn person(code: i64, meaning: &'static str) -> Entry {
    Entry { code, class: Class::NeedsPerson, meaning }
}

#[cfg(test)]
mod tests {
    use super::{TABLE, of};

    #[test]
    fn the_table_is_sorted_without_duplicates_and_every_code_is_found() {
        assert!(TABLE.is_sorted_by(|left, right| left.code < right.code));
        for entry in TABLE {
            assert_eq!(of(entry.code), Some(entry));
        }
        assert_eq!(of(0), None);
        assert_eq!(of(19_999), None);
    }
}
