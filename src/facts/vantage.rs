//! Where the probe runs: host, pod, namespace, node, labels, addresses, age of the pod.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;

use nix::ifaddrs::getifaddrs;

use crate::model::clean;
use crate::model::report::Vantage;

/// Where a projected service account and the downward API are usually mounted.
const NAMESPACE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";
const LABELS: &str = "/etc/podinfo/labels";

/// Reads the vantage. A pod names itself by the variables `POD_NAME`, `POD_NAMESPACE`, `NODE_NAME`
/// (downward API), or by what is mounted.
pub fn read() -> Vantage {
    let host = nix::unistd::gethostname()
        .ok()
        .map(|name| clean::line(&name.to_string_lossy(), 255))
        .unwrap_or_default();
    let in_cluster = std::env::var_os("KUBERNETES_SERVICE_HOST").is_some();
    let namespace = variable("POD_NAMESPACE").or_else(|| text(Path::new(NAMESPACE)));
    let pod = variable("POD_NAME").or_else(|| in_cluster.then(|| host.clone()));
    Vantage {
        pod_age_s: pod.as_ref().and_then(|_| age()),
        host,
        pod,
        namespace,
        node: variable("NODE_NAME"),
        labels: std::fs::read_to_string(LABELS).map(|text| labels(&text)).unwrap_or_default(),
        addresses: addresses(),
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().map(|value| clean::line(&value, 255)).filter(|value| !value.is_empty())
}

fn text(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    Some(clean::line(&text, 255)).filter(|text| !text.is_empty())
}

/// `key="value"` lines, as the downward API writes them.
fn labels(text: &str) -> BTreeMap<String, String> {
    let line = |line: &str| {
        let (key, value) = line.split_once('=')?;
        Some((clean::line(key, 317), clean::line(value.trim_matches('"'), 63)))
    };
    text.lines().filter_map(line).take(256).collect()
}

fn addresses() -> Vec<String> {
    let Ok(interfaces) = getifaddrs() else { return Vec::new() };
    let mut found: Vec<String> = Vec::new();
    for address in interfaces.filter_map(|interface| interface.address) {
        let v4 = address.as_sockaddr_in().map(|a| std::net::IpAddr::V4(a.ip()));
        let v6 = address.as_sockaddr_in6().map(|a| std::net::IpAddr::V6(a.ip()));
        let Some(ip) = v4.or(v6) else { continue };
        let link_local = match ip {
            std::net::IpAddr::V4(ip) => ip.is_link_local(),
            std::net::IpAddr::V6(ip) => ip.is_unicast_link_local(),
        };
        if !ip.is_loopback() && !link_local && !found.contains(&ip.to_string()) {
            found.push(ip.to_string());
        }
    }
    found
}

/// Age of the pod: of its first process, by the time that its entry in /proc was made.
fn age() -> Option<f64> {
    let born = std::fs::metadata("/proc/1").ok()?.modified().ok()?;
    let age = SystemTime::now().duration_since(born).ok()?.as_secs_f64();
    Some((age * 10.0).round() / 10.0)
}

#[cfg(test)]
mod tests {
    use super::labels;

    #[test]
    fn the_downward_api_s_labels_are_read() {
        let labels = labels("service=\"ucsx\"\ntenant=\"shared\"\n");
        assert_eq!(labels.get("service").map(String::as_str), Some("ucsx"));
    }
}
