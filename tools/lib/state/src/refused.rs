//! Changes that the state does not allow.

use crate::model::Phase;
use std::fmt;

/// A change that the state does not allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// The deploy that asks is not, or no longer, the one that holds the lease.
    LeaseLost {
        /// The deploy that asks.
        id: String,
        /// The deploy that holds the lease now.
        holder: Option<String>,
    },
    /// Phases go forward only.
    PhaseOrder {
        /// The phase that the deploy is in.
        now: Phase,
        /// The one that was asked for.
        asked: Phase,
    },
    /// There is no such release.
    NoSuchRelease(String),
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LeaseLost { id, holder: None } => {
                write!(
                    formatter,
                    "deploy {id} no longer holds the lease: it has ended"
                )
            }
            Self::LeaseLost {
                id,
                holder: Some(holder),
            } => write!(
                formatter,
                "deploy {id} no longer holds the lease: deploy {holder} does"
            ),
            Self::PhaseOrder { now, asked } => write!(
                formatter,
                "a deploy in phase {} does not go back to {}",
                now.name(),
                asked.name()
            ),
            Self::NoSuchRelease(name) => write!(formatter, "there is no release {name}"),
        }
    }
}

impl std::error::Error for Refused {}
