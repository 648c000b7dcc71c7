//! Every code that the platform is known to answer, in one table: what it
//! means for a call, and whether a mass send may have gone out although the
//! code came.
//!
//! A code that is not in here proves nothing; callers treat it as unknown.

use crate::error::Wait;

/// One code of the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    pub code: i64,
    pub class: Class,
    pub sent: Sent,
    /// The code is about the person addressed, who cannot be reached so.
    pub recipient: bool,
    pub meaning: &'static str,
}

/// What the code means for the call that it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Not done; the same again is refused again.
    Refused,
    /// Not done; later may do.
    NotNow(Wait),
    /// Not done; a person must mend something at the platform or in our
    /// configuration.
    Credentials,
    /// Not done; a new access token may help, once.
    StaleToken,
    /// Perhaps done.
    Unknown,
}

/// Could the mass send have happened, or happen later, although `sendall`
/// answered with this code?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    No,
    /// An earlier attempt under the same key was accepted.
    Yes,
    Possible,
    /// Not by this attempt; but the code is also what one sees after an
    /// earlier, unresolved attempt had gone through.
    PossibleIfUnresolved,
    /// It waits for the account's administrator, up to 30 minutes.
    MayStillGoOut,
}

/// Looks a code up.
pub fn of(code: i64) -> Option<&'static Entry> {
    TABLE.binary_search_by_key(&code, |entry| entry.code).ok().map(|index| &TABLE[index])
}

/// True for a code that says that the access token is not the one in force.
pub fn is_stale_token(code: i64) -> bool {
    of(code).is_some_and(|entry| entry.class == Class::StaleToken)
}

/// Sorted by code.
pub const TABLE: &[Entry] = &[
    busy(-1, "system busy"),
    stale(40001, "access token wrong or not the latest"),
    refused(40002, "wrong grant type"),
    unreachable(40003, "invalid OpenID"),
    refused(40004, "invalid media type"),
    refused(40005, "invalid file type"),
    refused(40006, "invalid file size"),
    Entry {
        sent: Sent::PossibleIfUnresolved,
        ..refused(40007, "invalid media id: wrong kind, or the draft is gone")
    },
    refused(40008, "invalid message type"),
    refused(40009, "invalid picture size"),
    credentials(40013, "invalid app id"),
    stale(40014, "invalid access token"),
    refused(40031, "invalid OpenID list"),
    refused(40032, "invalid size of the OpenID list"),
    refused(40033, "invalid charset: escaped characters in the body"),
    refused(40036, "invalid size of the template id"),
    refused(40037, "invalid template id"),
    refused(40059, "invalid mass job id"),
    refused(40060, "invalid article index"),
    refused(40062, "invalid size of the title"),
    refused(40065, "the job's state does not allow deletion"),
    refused(40114, "invalid article index"),
    credentials(40125, "invalid app secret"),
    refused(40129, "invalid scene"),
    refused(40130, "fewer than two OpenIDs"),
    refused(40152, "unknown tag"),
    credentials(40164, "our address is not on the account's list"),
    credentials(40200, "this kind of account may not call the interface"),
    refused(40201, "no callback address configured"),
    refused(40202, "invalid check action"),
    refused(40203, "invalid check operator"),
    refused(40204, "articles of this kind may not be deleted"),
    refused(40227, "empty title"),
    credentials(40243, "the app secret is frozen"),
    refused(40247, "the template is not available"),
    refused(40249, "marketing in a template message"),
    refused(40250, "malformed template data"),
    refused(40251, "template limit reached"),
    refused(40252, "template under review"),
    credentials(41001, "access token missing"),
    credentials(41002, "app id missing"),
    credentials(41004, "app secret missing"),
    refused(41005, "media data missing"),
    refused(41006, "media id missing"),
    refused(41039, "invalid source address"),
    stale(42001, "access token expired"),
    not_now(42010, Wait::Minutes, "the same draft mass-sent again too fast"),
    refused(43002, "wrong HTTP method"),
    refused(43003, "HTTPS required"),
    unreachable(43004, "not a follower"),
    unreachable(43019, "the user is on the blacklist"),
    unreachable(43101, "no consent to the subscription notice"),
    refused(43104, "app id and OpenID do not belong together"),
    refused(43107, "subscription notices banned"),
    not_now(43108, Wait::Moments, "concurrent subscription notices"),
    refused(43116, "template limited"),
    refused(44001, "empty media data"),
    refused(44002, "empty body"),
    refused(44003, "empty article data"),
    refused(44004, "empty text"),
    refused(44008, "audio review failed"),
    refused(44009, "audio review failed"),
    refused(45001, "media too large"),
    refused(45002, "content too long"),
    refused(45003, "title too long"),
    refused(45004, "summary too long"),
    refused(45005, "link too long"),
    refused(45006, "picture link too long"),
    refused(45007, "voice too long"),
    refused(45008, "too many articles"),
    not_now(45009, Wait::NextDay, "daily quota of the interface used up"),
    not_now(45011, Wait::Minutes, "calls too frequent"),
    unreachable(45015, "the time for customer-service messages to this user is over"),
    Entry { sent: Sent::PossibleIfUnresolved, ..not_now(45028, Wait::NextDay, "no mass send left") },
    refused(45034, "the material store is full"),
    unreachable(45047, "the customer-service messages to this user are used up"),
    refused(45052, "message type not allowed in a mass send"),
    refused(45056, "too many tags"),
    refused(45057, "the tag has too many followers to be deleted"),
    refused(45058, "the tag is the system's"),
    refused(45059, "the user has too many tags"),
    credentials(45062, "an article with an advertising contract may not be mass-sent by interface"),
    Entry {
        sent: Sent::Yes,
        ..refused(45065, "the client message id exists: accepted by an earlier attempt")
    },
    Entry {
        sent: Sent::Possible,
        ..not_now(45066, Wait::Minutes, "the same client message id again too fast")
    },
    refused(45067, "client message id too long"),
    refused(45072, "invalid typing command"),
    unreachable(45080, "no recent interaction with this user"),
    refused(45081, "typing already shown"),
    refused(45083, "speed out of range"),
    refused(45084, "speed missing"),
    not_now(45085, Wait::Moments, "speed server error"),
    credentials(45087, "the account may not send customer-service messages"),
    refused(45110, "author too long"),
    refused(45113, "goods and cards not supported"),
    refused(45157, "tag name taken or illegal"),
    refused(45158, "tag name too long"),
    refused(45159, "unknown tag"),
    refused(45162, "invalid message type"),
    refused(45166, "invalid content: pictures from elsewhere"),
    refused(45168, "sensitive words"),
    not_now(45169, Wait::Moments, "concurrent change of one user's tags"),
    not_now(45171, Wait::Moments, "tags partly changed"),
    refused(47001, "the body is no JSON"),
    refused(47002, "invalid UTF-8 in the body"),
    refused(47003, "invalid argument"),
    credentials(48001, "the interface is not granted to the account"),
    unreachable(48002, "the user accepts no messages"),
    credentials(48003, "the mass-send agreement is not accepted"),
    credentials(48004, "the interface is banned for the account"),
    refused(48005, "the material is in use"),
    refused(48006, "counters were cleared too often"),
    refused(48008, "no permission for this message type"),
    refused(48021, "the draft was saved automatically; a person must save it first"),
    refused(48022, "uploaded videos may not be published by interface"),
    refused(49003, "OpenID of another account"),
    credentials(50002, "the account is limited"),
    credentials(50004, "the interface is forbidden to the account"),
    unreachable(50005, "not a follower"),
    credentials(50007, "the account is frozen"),
    refused(53404, "goods card limited"),
    refused(53405, "invalid goods card"),
    refused(53406, "invalid goods card"),
    credentials(53500, "publishing is banned for the account"),
    not_now(53501, Wait::Minutes, "publishing too frequent"),
    refused(53502, "invalid publish id"),
    refused(53503, "the draft fails the publishing check"),
    refused(53504, "to be published in the console only"),
    refused(53505, "the draft must be saved by hand first"),
    refused(53600, "invalid article id"),
    credentials(61004, "our address is not registered"),
    credentials(61007, "the interface is not authorised to us"),
    refused(61010, "session expired"),
    unreachable(70000, "the user is protected as a minor"),
    refused(76001, "unknown request id"),
    refused(76002, "invalid request id"),
    refused(76003, "request id of another account"),
    refused(76004, "request id expired"),
    refused(76021, "unknown interface path"),
    refused(76022, "the interface path does not fit the token"),
    refused(87014, "risky content"),
    refused(88000, "comments not granted"),
    refused(88001, "comments: article missing"),
    refused(88002, "comments: sensitive words"),
    refused(88003, "comments: too many elected"),
    refused(88004, "comments: deleted by the user"),
    refused(88005, "comments: already replied to"),
    refused(88007, "comments: reply too long"),
    refused(88008, "comments: missing"),
    refused(88010, "comments: too many asked for"),
    credentials(89501, "our address waits for the administrator"),
    credentials(89503, "our address needs the administrator"),
    Entry {
        sent: Sent::MayStillGoOut,
        ..not_now(89504, Wait::Minutes, "the mass send is still with the administrator")
    },
    Entry {
        sent: Sent::MayStillGoOut,
        ..not_now(89505, Wait::Minutes, "the mass send went to the administrator")
    },
    credentials(89506, "the administrator refused our address twice in 24 hours"),
    credentials(89507, "the administrator refused our address in the last hour"),
    busy(9_500_001, "listed without explanation"),
    busy(9_500_002, "listed without explanation"),
    not_now(268_487_001, Wait::Moments, "system busy"),
    not_now(268_487_002, Wait::Moments, "system busy"),
    busy(268_488_001, "system busy"),
];

const fn refused(code: i64, meaning: &'static str) -> Entry {
    Entry { code, class: Class::Refused, sent: Sent::No, recipient: false, meaning }
}

const fn unreachable(code: i64, meaning: &'static str) -> Entry {
    Entry { recipient: true, ..refused(code, meaning) }
}

const fn credentials(code: i64, meaning: &'static str) -> Entry {
    Entry { class: Class::Credentials, ..refused(code, meaning) }
}

const fn stale(code: i64, meaning: &'static str) -> Entry {
    Entry { class: Class::StaleToken, ..refused(code, meaning) }
}

const fn not_now(code: i64, wait: Wait, meaning: &'static str) -> Entry {
    Entry { class: Class::NotNow(wait), ..refused(code, meaning) }
}

const fn busy(code: i64, meaning: &'static str) -> Entry {
    Entry { class: Class::Unknown, sent: Sent::Possible, ..refused(code, meaning) }
}

#[cfg(test)]
mod tests {
    use super::{Class, Sent, TABLE, of};

    #[test]
    fn the_table_is_sorted_without_duplicates() {
        assert!(TABLE.is_sorted_by(|left, right| left.code < right.code));
    }

    #[test]
    fn every_code_is_found_and_no_other() {
        for entry in TABLE {
            assert_eq!(of(entry.code), Some(entry));
        }
        assert_eq!(of(0), None);
        assert_eq!(of(12_345), None);
    }

    #[test]
    fn what_may_have_been_sent_is_never_classed_as_certain() {
        for entry in TABLE {
            let certain = entry.sent == Sent::No;
            let listed = matches!(entry.code, 40007 | 45028 | 45065 | 45066 | 89504 | 89505);
            assert_eq!(certain, entry.class != Class::Unknown && !listed, "{entry:?}");
        }
    }
}
