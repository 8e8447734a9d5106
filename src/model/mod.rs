//! The words of design §2 as types. Uses nothing of the other floors.

pub mod attempt;
pub mod clean;
pub mod connection;
pub mod credentials;
pub mod diagnostic;
pub mod evidence;
pub mod expectation;
pub mod fault;

pub mod layer;
pub mod node;
pub mod proof;
pub mod read;
pub mod report;
pub mod secret;
pub mod settings;
pub mod verdict;
pub mod words;

pub use attempt::{Attempt, Outcome, Step};
pub use connection::{Classification, Ports};
pub use credentials::{Credentials, SecretRef};
pub use diagnostic::{Diagnostic, Place, Source};
pub use evidence::{Evidence, Key, Value};
pub use expectation::{Addresses, Controls, Expectation, Judgement, Observed};
pub use fault::{Acts, Fault, FaultCode, Finding, FindingCode, Warning, WarningCode};
pub use layer::Layer;
pub use node::Node;
pub use proof::Proof;
pub use secret::Secret;
pub use settings::{Family, MinVersion, TimeoutSettings, Timeouts, VerifyMode};
pub use verdict::Verdict;
