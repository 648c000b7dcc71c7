//! Why a bundle may not be spoken, in words for the case page and the log. One variant per rule, so that a
//! refusal names the rule that it broke and nothing else.

use crate::malformed::Malformed;
use crate::statement::Purpose;

/// Which document of a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    /// The content.
    Content,
    /// A statement.
    Statement,
    /// An enrolment.
    Enrolment,
    /// The policy.
    Policy,
}

impl Document {
    const fn zh(self) -> &'static str {
        match self {
            Self::Content => "稿件内容",
            Self::Statement => "签署声明",
            Self::Enrolment => "密钥登记",
            Self::Policy => "审批规则",
        }
    }

    const fn en(self) -> &'static str {
        match self {
            Self::Content => "the content",
            Self::Statement => "a statement",
            Self::Enrolment => "an enrolment",
            Self::Policy => "the policy",
        }
    }
}

/// What a document must agree on with what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The agency.
    Agency,
    /// The case.
    Case,
    /// The clarification.
    Clarification,
    /// The revision.
    Revision,
}

impl Subject {
    const fn zh(self) -> &'static str {
        match self {
            Self::Agency => "单位",
            Self::Case => "工单",
            Self::Clarification => "辟谣稿",
            Self::Revision => "版次",
        }
    }

    const fn en(self) -> &'static str {
        match self {
            Self::Agency => "agency",
            Self::Case => "case",
            Self::Clarification => "clarification",
            Self::Revision => "revision",
        }
    }
}

/// The rule that a bundle broke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// A document cannot be read.
    Unreadable {
        /// Which.
        document: Document,
        /// What is wrong with its form.
        malformed: Malformed,
    },
    /// A document speaks of another agency, case, clarification or revision.
    Foreign {
        /// Which.
        document: Document,
        /// What it speaks of.
        subject: Subject,
    },
    /// There are more statements or enrolments than any chain needs.
    Oversized,
    /// An enrolment is not signed by the agency's root key.
    EnrolmentUnsigned,
    /// One key id is enrolled twice.
    EnrolmentRepeated,
    /// One key is enrolled for two people.
    KeyShared,
    /// An enrolment does not count yet or no longer.
    EnrolmentOutOfTime,
    /// The policy does not carry exactly two signatures.
    PolicySignatureCount,
    /// A signer of the policy is not an enrolled administrator.
    PolicySignerNotAdministrator,
    /// Both signatures of the policy are one person's.
    PolicySignersSame,
    /// A signature of the policy is not over these bytes.
    PolicyUnsigned,
    /// The policy is older than the verifier still takes.
    PolicyTooOld {
        /// Its version.
        version: u64,
        /// The oldest that counts.
        version_min: u64,
    },
    /// The policy leaves out a step that every chain needs.
    PolicyTooShort {
        /// The step.
        purpose: Purpose,
    },
    /// The policy would let an administrator or auditor take a step.
    PolicyRole {
        /// The step.
        purpose: Purpose,
    },
    /// A statement does not carry exactly one signature, by the key that it names.
    StatementSignatureCount {
        /// The step.
        purpose: Purpose,
    },
    /// The key of a statement is not enrolled.
    SignerNotEnrolled {
        /// The step.
        purpose: Purpose,
    },
    /// A statement's signature is not over these bytes.
    StatementUnsigned {
        /// The step.
        purpose: Purpose,
    },
    /// A statement names another person than its key's enrolment.
    SignerNotOwner {
        /// The step.
        purpose: Purpose,
    },
    /// A statement names another role than its key's enrolment, or one that the policy does not admit.
    RoleNotAdmitted {
        /// The step.
        purpose: Purpose,
    },
    /// The key is not enrolled for the step.
    PurposeNotAdmitted {
        /// The step.
        purpose: Purpose,
    },
    /// An administrator or auditor took a step.
    OutsiderInChain {
        /// The step.
        purpose: Purpose,
    },
    /// A statement was made over other words.
    ContentHash {
        /// The step.
        purpose: Purpose,
    },
    /// A statement was made under another policy.
    PolicyHash {
        /// The step.
        purpose: Purpose,
    },
    /// A statement is of another version than the content.
    VersionMixed {
        /// The step.
        purpose: Purpose,
    },
    /// A reviewer or signer has not confirmed all four gates.
    GatesOpen {
        /// The step.
        purpose: Purpose,
    },
    /// A statement was made before the one that it builds on.
    TimesBackwards {
        /// The step.
        purpose: Purpose,
    },
    /// A statement's time lies in the future.
    StatementFromFuture {
        /// The step.
        purpose: Purpose,
    },
    /// A statement has expired.
    StatementExpired {
        /// The step.
        purpose: Purpose,
    },
    /// A statement claims to count longer than the policy allows.
    StatementTooLong {
        /// The step.
        purpose: Purpose,
    },
    /// A step is missing.
    StepMissing {
        /// The step.
        purpose: Purpose,
    },
    /// A step was taken twice.
    StepRepeated {
        /// The step.
        purpose: Purpose,
    },
    /// The policy knows no such step.
    StepUnknown {
        /// The step.
        purpose: Purpose,
    },
    /// One person took two steps that need two people.
    SamePerson {
        /// The earlier step.
        first: Purpose,
        /// The later step.
        second: Purpose,
    },
    /// Fewer people took part than are needed.
    TooFewPeople {
        /// How many took part.
        people: usize,
        /// How many are needed.
        people_min: usize,
    },
}

impl Refused {
    /// Its machine name.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "DOCUMENT_UNREADABLE",
            Self::Foreign { .. } => "DOCUMENT_FOREIGN",
            Self::Oversized => "BUNDLE_OVERSIZED",
            Self::EnrolmentUnsigned => "ENROLMENT_UNSIGNED",
            Self::EnrolmentRepeated => "ENROLMENT_REPEATED",
            Self::KeyShared => "KEY_SHARED",
            Self::EnrolmentOutOfTime => "ENROLMENT_OUT_OF_TIME",
            Self::PolicySignatureCount => "POLICY_SIGNATURE_COUNT",
            Self::PolicySignerNotAdministrator => "POLICY_SIGNER_NOT_ADMINISTRATOR",
            Self::PolicySignersSame => "POLICY_SIGNERS_SAME",
            Self::PolicyUnsigned => "POLICY_UNSIGNED",
            Self::PolicyTooOld { .. } => "POLICY_TOO_OLD",
            Self::PolicyTooShort { .. } => "POLICY_TOO_SHORT",
            Self::PolicyRole { .. } => "POLICY_ROLE",
            Self::StatementSignatureCount { .. } => "STATEMENT_SIGNATURE_COUNT",
            Self::SignerNotEnrolled { .. } => "SIGNER_NOT_ENROLLED",
            Self::StatementUnsigned { .. } => "STATEMENT_UNSIGNED",
            Self::SignerNotOwner { .. } => "SIGNER_NOT_OWNER",
            Self::RoleNotAdmitted { .. } => "ROLE_NOT_ADMITTED",
            Self::PurposeNotAdmitted { .. } => "PURPOSE_NOT_ADMITTED",
            Self::OutsiderInChain { .. } => "OUTSIDER_IN_CHAIN",
            Self::ContentHash { .. } => "CONTENT_HASH",
            Self::PolicyHash { .. } => "POLICY_HASH",
            Self::VersionMixed { .. } => "VERSION_MIXED",
            Self::GatesOpen { .. } => "GATES_OPEN",
            Self::TimesBackwards { .. } => "TIMES_BACKWARDS",
            Self::StatementFromFuture { .. } => "STATEMENT_FROM_FUTURE",
            Self::StatementExpired { .. } => "STATEMENT_EXPIRED",
            Self::StatementTooLong { .. } => "STATEMENT_TOO_LONG",
            Self::StepMissing { .. } => "STEP_MISSING",
            Self::StepRepeated { .. } => "STEP_REPEATED",
            Self::StepUnknown { .. } => "STEP_UNKNOWN",
            Self::SamePerson { .. } => "SAME_PERSON",
            Self::TooFewPeople { .. } => "TOO_FEW_PEOPLE",
        }
    }

    /// Why, for an officer.
    #[must_use]
    pub fn zh(&self) -> String {
        match self {
            Self::Unreadable { document, .. } => format!("{}无法读取，可能已被改动", document.zh()),
            Self::Foreign { document, subject } => {
                format!("{}属于另一个{}，不能用在这里", document.zh(), subject.zh())
            }
            Self::Oversized => "签署材料的数量超出任何审批链所需".to_owned(),
            Self::EnrolmentUnsigned => "密钥登记不是由本单位根密钥签发的，或已被改动".to_owned(),
            Self::EnrolmentRepeated => "同一密钥编号登记了两次".to_owned(),
            Self::KeyShared => "同一把密钥登记给了两个人".to_owned(),
            Self::EnrolmentOutOfTime => "密钥登记尚未生效或已经失效".to_owned(),
            Self::PolicySignatureCount => "审批规则须有且只有两名管理员的签名".to_owned(),
            Self::PolicySignerNotAdministrator => "审批规则的签署人不是已登记的管理员".to_owned(),
            Self::PolicySignersSame => "审批规则的两个签名出自同一人".to_owned(),
            Self::PolicyUnsigned => "审批规则的签名无效，规则可能已被改动".to_owned(),
            Self::PolicyTooOld { version, version_min } => {
                format!("审批规则是第{version}版，已被取代：至少要第{version_min}版")
            }
            Self::PolicyTooShort { purpose } => format!("审批规则缺少不可省略的“{}”一步", purpose.zh()),
            Self::PolicyRole { purpose } => {
                format!("审批规则允许管理员或审计员参与“{}”，这是不允许的", purpose.zh())
            }
            Self::StatementSignatureCount { purpose } => {
                format!("“{}”的声明须有且只有本人的一个签名", purpose.zh())
            }
            Self::SignerNotEnrolled { purpose } => format!("“{}”所用的密钥没有登记", purpose.zh()),
            Self::StatementUnsigned { purpose } => format!("“{}”的签名无效，声明可能已被改动", purpose.zh()),
            Self::SignerNotOwner { purpose } => format!("“{}”的签署人不是密钥的主人", purpose.zh()),
            Self::RoleNotAdmitted { purpose } => format!("“{}”的签署人没有这一步所需的角色", purpose.zh()),
            Self::PurposeNotAdmitted { purpose } => format!("“{}”所用的密钥没有登记用于这一步", purpose.zh()),
            Self::OutsiderInChain { purpose } => {
                format!("“{}”由管理员或审计员签署，这是不允许的", purpose.zh())
            }
            Self::ContentHash { purpose } => {
                format!("“{}”签署的不是这份内容：内容在签署后被改动过", purpose.zh())
            }
            Self::PolicyHash { purpose } => format!("“{}”签署时所依据的不是这份审批规则", purpose.zh()),
            Self::VersionMixed { purpose } => {
                format!("“{}”的声明与稿件内容不是同一版格式", purpose.zh())
            }
            Self::GatesOpen { purpose } => format!("“{}”没有确认全部四关", purpose.zh()),
            Self::TimesBackwards { purpose } => {
                format!("“{}”的签署时间早于它前面的一步", purpose.zh())
            }
            Self::StatementFromFuture { purpose } => format!("“{}”的签署时间在未来", purpose.zh()),
            Self::StatementExpired { purpose } => format!("“{}”的签署已过有效期，需要重新签署", purpose.zh()),
            Self::StatementTooLong { purpose } => {
                format!("“{}”的有效期长于审批规则所允许的时间", purpose.zh())
            }
            Self::StepMissing { purpose } => format!("缺少“{}”", purpose.zh()),
            Self::StepRepeated { purpose } => format!("“{}”出现了两次", purpose.zh()),
            Self::StepUnknown { purpose } => format!("审批规则中没有“{}”这一步", purpose.zh()),
            Self::SamePerson { first, second } => {
                format!("“{}”和“{}”不能由同一人完成", first.zh(), second.zh())
            }
            Self::TooFewPeople { people, people_min } => {
                format!("审批链只有{people}人，至少需要{people_min}人")
            }
        }
    }

    /// Why, in English.
    #[must_use]
    pub fn en(&self) -> String {
        match self {
            Self::Unreadable { document, malformed } => {
                format!("{} cannot be read: {malformed}", document.en())
            }
            Self::Foreign { document, subject } => {
                format!("{} belongs to another {}", document.en(), subject.en())
            }
            Self::Oversized => "there are more statements or enrolments than any chain needs".to_owned(),
            Self::EnrolmentUnsigned => "an enrolment is not signed by the agency's root key".to_owned(),
            Self::EnrolmentRepeated => "one key id is enrolled twice".to_owned(),
            Self::KeyShared => "one key is enrolled for two people".to_owned(),
            Self::EnrolmentOutOfTime => "an enrolment does not count yet or no longer".to_owned(),
            Self::PolicySignatureCount => "the policy must carry exactly two signatures".to_owned(),
            Self::PolicySignerNotAdministrator => {
                "a signer of the policy is not an enrolled administrator".to_owned()
            }
            Self::PolicySignersSame => "both signatures of the policy are one person's".to_owned(),
            Self::PolicyUnsigned => "a signature of the policy is not over these bytes".to_owned(),
            Self::PolicyTooOld { version, version_min } => {
                format!(
                    "the policy is version {version} and was replaced: {version_min} is the oldest that counts"
                )
            }
            Self::PolicyTooShort { purpose } => {
                format!("the policy leaves out the step \"{}\"", purpose.as_str())
            }
            Self::PolicyRole { purpose } => {
                format!("the policy would let an administrator or auditor take \"{}\"", purpose.as_str())
            }
            Self::StatementSignatureCount { purpose } => {
                format!("\"{}\" must carry exactly one signature, by the key that it names", purpose.as_str())
            }
            Self::SignerNotEnrolled { purpose } => {
                format!("the key of \"{}\" is not enrolled", purpose.as_str())
            }
            Self::StatementUnsigned { purpose } => {
                format!("the signature of \"{}\" is not over these bytes", purpose.as_str())
            }
            Self::SignerNotOwner { purpose } => {
                format!("\"{}\" names another person than the enrolment of its key", purpose.as_str())
            }
            Self::RoleNotAdmitted { purpose } => {
                format!("the signer of \"{}\" does not hold a role that the step needs", purpose.as_str())
            }
            Self::PurposeNotAdmitted { purpose } => {
                format!("the key of \"{}\" is not enrolled for the step", purpose.as_str())
            }
            Self::OutsiderInChain { purpose } => {
                format!("an administrator or auditor took \"{}\"", purpose.as_str())
            }
            Self::ContentHash { purpose } => {
                format!("\"{}\" was made over other words than these", purpose.as_str())
            }
            Self::PolicyHash { purpose } => format!("\"{}\" was made under another policy", purpose.as_str()),
            Self::VersionMixed { purpose } => {
                format!("\"{}\" is of another version than the content", purpose.as_str())
            }
            Self::GatesOpen { purpose } => {
                format!("\"{}\" does not confirm all four gates", purpose.as_str())
            }
            Self::TimesBackwards { purpose } => {
                format!("\"{}\" was made before the step that it builds on", purpose.as_str())
            }
            Self::StatementFromFuture { purpose } => {
                format!("the time of \"{}\" lies in the future", purpose.as_str())
            }
            Self::StatementExpired { purpose } => format!("\"{}\" has expired", purpose.as_str()),
            Self::StatementTooLong { purpose } => {
                format!("\"{}\" claims to count longer than the policy allows", purpose.as_str())
            }
            Self::StepMissing { purpose } => format!("\"{}\" is missing", purpose.as_str()),
            Self::StepRepeated { purpose } => format!("\"{}\" is there twice", purpose.as_str()),
            Self::StepUnknown { purpose } => format!("the policy knows no step \"{}\"", purpose.as_str()),
            Self::SamePerson { first, second } => {
                format!("\"{}\" and \"{}\" need two people", first.as_str(), second.as_str())
            }
            Self::TooFewPeople { people, people_min } => {
                format!("{people} people took part, {people_min} are needed")
            }
        }
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.en())
    }
}

impl std::error::Error for Refused {}
