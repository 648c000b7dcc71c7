//! Stories through all services, as processes of their own, over real PostgreSQL and NATS and the console's own
//! pages; what the public sees is counted in the sandbox's log.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails, and says where")]

mod access;
mod bad_input;
mod bus;
mod crashes;
mod dependencies;
mod deployment;
mod four_eyes;
mod gather;
mod halt;
mod imports;
mod inside;
mod large;
mod links;
mod masking;
mod messages;
mod office;
mod pictures;
mod rights;
mod slow;
mod story;
mod tampering;
mod tenants;
mod traces;
mod trail;
mod unseen;
