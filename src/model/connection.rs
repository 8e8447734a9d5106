//! One line of the table: its classification and its ports.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which way a connection goes, as the table has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Classification {
    /// Into the service.
    Ingress,
    /// Out of the service.
    Egress,
    /// Between services of the cluster.
    IntraCluster,
}

impl Classification {
    /// Every classification.
    pub const ALL: &[Self] = &[Self::Ingress, Self::Egress, Self::IntraCluster];

    /// The word in files and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ingress => "ingress",
            Self::Egress => "egress",
            Self::IntraCluster => "intra-cluster",
        }
    }
}

/// The ports of a row: one, several that must each pass, or a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ports {
    ranges: Vec<(u16, u16)>,
}

/// How many ports of a row are probed at most; a wider range is sampled.
const SAMPLE: usize = 16;

impl Ports {
    /// One port.
    pub fn one(port: u16) -> Self {
        Self { ranges: vec![(port, port)] }
    }

    /// Reads `5432`, `8080, 8443` or `20000-45000`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let port = |text: &str| match text.trim().parse::<u16>() {
            Ok(0) | Err(_) => Err(format!("`{}` is no port (1 to 65535)", text.trim())),
            Ok(port) => Ok(port),
        };
        let range = |text: &str| match text.split_once('-') {
            None => port(text).map(|port| (port, port)),
            Some((first, last)) => match (port(first)?, port(last)?) {
                (first, last) if first <= last => Ok((first, last)),
                (first, last) => Err(format!("the range {first}-{last} runs backwards")),
            },
        };
        let ranges = text.split(',').map(range).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { ranges })
    }

    /// The only port, where there is one.
    pub fn single(&self) -> Option<u16> {
        match self.ranges[..] {
            [(first, last)] if first == last => Some(first),
            _ => None,
        }
    }

    /// How many ports the row names.
    pub fn count(&self) -> usize {
        self.ranges.iter().map(|(first, last)| usize::from(last - first) + 1).sum()
    }

    /// The ports to probe: all up to sixteen, else sixteen at even distances with both ends.
    pub fn sample(&self) -> Vec<u16> {
        let all = self.ranges.iter().flat_map(|&(first, last)| first..=last);
        let count = self.count();
        if count <= SAMPLE {
            return all.collect();
        }
        let wanted: Vec<usize> = (0..SAMPLE).map(|i| i * (count - 1) / (SAMPLE - 1)).collect();
        all.enumerate().filter(|(i, _)| wanted.contains(i)).map(|(_, port)| port).collect()
    }
}

impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, &(first, last)) in self.ranges.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            if first == last {
                write!(f, "{comma}{first}")?;
            } else {
                write!(f, "{comma}{first}-{last}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Ports;

    #[test]
    fn a_wide_range_is_sampled_with_both_ends() {
        let ports = Ports::parse("20000-45000").unwrap().sample();
        assert_eq!((ports.len(), ports[0], ports[15]), (16, 20000, 45000));
    }

    #[test]
    fn several_ports_are_all_probed() {
        assert_eq!(Ports::parse("8080, 8443").unwrap().sample(), [8080, 8443]);
        assert_eq!(Ports::parse("8080, 8443").unwrap().to_string(), "8080, 8443");
    }

    #[test]
    fn what_is_no_port_is_refused() {
        for text in ["0", "65536", "x", "9-1", "", "80,"] {
            assert!(Ports::parse(text).is_err(), "{text}");
        }
    }
}
