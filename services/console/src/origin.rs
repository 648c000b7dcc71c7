//! Where a browser calls from, and what it is.
//!
//! The address that a connection comes from is the browser's only where no proxy stands between. What a proxy says
//! in `X-Forwarded-For` is believed from configured proxies alone: anybody else could write there what they like.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;
use listener::Network;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The address that a request's connection comes from.
pub(crate) fn peer_of(parts: &Parts) -> Option<IpAddr> {
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip().to_canonical())
}

/// The browser's address: the connection's, or the last one before our own proxies that they name.
pub(crate) fn client(peer: Option<IpAddr>, headers: &HeaderMap, proxies: &[Network]) -> Option<IpAddr> {
    let mut address = peer?;
    let is_ours = |address: IpAddr| proxies.iter().any(|proxy| proxy.holds(address));
    let lines: Vec<&str> =
        headers.get_all(FORWARDED_FOR).iter().filter_map(|line| line.to_str().ok()).collect();
    for named in lines.iter().flat_map(|line| line.split(',')).rev() {
        if !is_ours(address) {
            break;
        }
        // What cannot be read was not written by a proxy of ours: the last address that can be is as far as we see.
        let Some(named) = address_in(named) else { break };
        address = named;
    }
    Some(address)
}

/// An address as proxies write it: some with a port.
fn address_in(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    text.parse()
        .or_else(|_| text.parse::<SocketAddr>().map(|address| address.ip()))
        .or_else(|_| text.trim_matches(['[', ']']).parse())
        .ok()
        .map(|address: IpAddr| address.to_canonical())
}

/// What the browser is, in a few words that its owner recognises; empty where it does not say.
pub(crate) fn browser(headers: &HeaderMap) -> String {
    let says = headers.get(USER_AGENT).and_then(|line| line.to_str().ok()).unwrap_or_default();
    let first = |names: &[(&str, &'static str)]| {
        names.iter().find(|(mark, _)| says.contains(mark)).map(|(_, name)| *name)
    };
    // Most claim to be several of these; the one that says most stands first.
    let program = first(&[
        ("MicroMessenger", "WeChat"),
        ("Edg", "Edge"),
        ("360SE", "360"),
        ("QQBrowser", "QQ"),
        ("Firefox", "Firefox"),
        ("Chrome", "Chrome"),
        ("Safari", "Safari"),
    ]);
    let system = first(&[
        ("HarmonyOS", "HarmonyOS"),
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ]);
    program.into_iter().chain(system).collect::<Vec<_>>().join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client_of(peer: &str, forwarded: &[&str], proxies: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(FORWARDED_FOR, line.parse().unwrap());
        }
        let proxies: Vec<Network> = proxies.iter().map(|proxy| proxy.parse().unwrap()).collect();
        client(peer.parse().ok(), &headers, &proxies).unwrap().to_string()
    }

    #[test]
    fn what_is_forwarded_is_believed_from_configured_proxies_alone() {
        assert_eq!(client_of("203.0.113.9", &["198.51.100.1"], &[]), "203.0.113.9");
        assert_eq!(client_of("203.0.113.9", &["198.51.100.1"], &["10.0.0.0/8"]), "203.0.113.9");
        assert_eq!(client_of("10.1.2.3", &["198.51.100.1"], &["10.0.0.0/8"]), "198.51.100.1");
        assert_eq!(client_of("10.1.2.3", &[], &["10.0.0.0/8"]), "10.1.2.3");
    }

    #[test]
    fn a_browser_that_writes_the_header_itself_only_names_itself() {
        // The proxy appends what it saw; what stands before came from the browser.
        assert_eq!(client_of("10.1.2.3", &["1.1.1.1, 198.51.100.1"], &["10.0.0.0/8"]), "198.51.100.1");
        assert_eq!(client_of("10.1.2.3", &["1.1.1.1", "198.51.100.1"], &["10.0.0.0/8"]), "198.51.100.1");
        let two = ["10.0.0.0/8", "192.0.2.7"];
        assert_eq!(client_of("10.1.2.3", &["1.1.1.1, 198.51.100.1, 192.0.2.7"], &two), "198.51.100.1");
        assert_eq!(client_of("10.1.2.3", &["198.51.100.1, nonsense"], &["10.0.0.0/8"]), "10.1.2.3");
        assert_eq!(client_of("10.1.2.3", &["[2001:db8::1]:4711"], &["10.0.0.0/8"]), "2001:db8::1");
    }

    #[test]
    fn a_browser_is_told_in_words_that_its_owner_knows() {
        let browser = |says: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(USER_AGENT, says.parse().unwrap());
            browser(&headers)
        };
        let chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                      Chrome/126.0 Safari/537.36";
        assert_eq!(browser(chrome), "Chrome · Windows");
        assert_eq!(browser(&format!("{chrome} Edg/126.0")), "Edge · Windows");
        assert_eq!(browser("curl/8"), "");
    }
}
