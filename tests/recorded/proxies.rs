//! Forward proxies, and the sidecar of a mesh.

use connprobe::lab::envoy;
use connprobe::lab::http::routes::serve_routes;
use connprobe::lab::proxy::ForwardProxy;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::account::Recorded;
use crate::tokens::basic;

/// What a stand-in proxy says to these words, one after the other; a head of HTTP ends what is read.
async fn proxied(proxy: ForwardProxy, words: &[&[u8]]) -> Vec<Vec<u8>> {
    let server = proxy.serve().await.expect("the proxy answers");
    let mut link = TcpStream::connect(server.address()).await.expect("the proxy answers");
    let mut said = Vec::new();
    for words in words {
        link.write_all(words).await.expect("the proxy answers");
        let mut answer = vec![0; 4_096];
        let read = link.read(&mut answer).await.expect("the proxy answers");
        answer.truncate(read);
        said.push(answer);
    }
    said
}

#[tokio::test]
async fn the_proxy_stand_in_says_what_squid_and_microsocks_say() {
    let text = include_str!("../fixtures/recorded/proxies.json");
    let recorded: Value = serde_json::from_str(text).expect("the proxy answers");
    let case = |name: &str| {
        let cases = recorded["cases"].as_array().expect("the proxy answers");
        cases.iter().find(|case| case["name"] == name).unwrap_or_else(|| panic!("no case {name}"))
    };
    let target = serve_routes(None, Vec::new()).await.expect("the proxy answers");
    let open = || ForwardProxy::to(target.address());
    let connect =
        |login: &str| format!("CONNECT a.test:80 HTTP/1.1\r\nHost: a.test\r\n{login}\r\n");
    let login = |password: &str| format!("Proxy-Authorization: {}\r\n", basic("probe", password));
    for (name, proxy, login) in [
        ("squid: good", open(), String::new()),
        ("squid: nobody there", ForwardProxy::dead(), String::new()),
        ("squid: port forbidden", open().forbidding(), String::new()),
        ("squid: password missing", open().guarded(), String::new()),
        ("squid: password wrong", open().guarded(), login("wrong")),
        ("squid: password right", open().guarded(), login("proxy-password")),
    ] {
        let said = proxied(proxy, &[connect(&login).as_bytes()]).await.remove(0);
        let said = String::from_utf8(said).unwrap();
        let case = case(name);
        let status = format!("HTTP/1.1 {} {}", case["status"], case["reason"].as_str().unwrap());
        assert_eq!(said.lines().next(), Some(&*status), "{name}");
        for field in case["headers"].as_array().unwrap() {
            let (field, value) = (field[0].as_str().unwrap(), field[1].as_str().unwrap());
            if matches!(field, "X-Squid-Error" | "Proxy-Authenticate" | "Server" | "Content-Type") {
                assert!(said.contains(&format!("\r\n{field}: {value}\r\n")), "{name}: {said}");
            }
        }
    }
    let request: &[u8] = b"\x05\x01\x00\x03\x06a.test\x00\x50";
    let password = |text: &str| {
        [b"\x01\x05probe", &[u8::try_from(text.len()).unwrap()][..], text.as_bytes()].concat()
    };
    let (wrong, right) = (password("wrong"), password("proxy-password"));
    for (name, proxy, words) in [
        ("SOCKS5: good", open(), vec![&b"\x05\x01\x00"[..], request]),
        ("SOCKS5: nobody there", ForwardProxy::dead(), vec![b"\x05\x01\x00", request]),
        ("SOCKS5: password missing", open().guarded(), vec![b"\x05\x01\x00"]),
        ("SOCKS5: password wrong", open().guarded(), vec![b"\x05\x02\x00\x02", &wrong]),
        ("SOCKS5: password right", open().guarded(), vec![b"\x05\x02\x00\x02", &right, request]),
    ] {
        let said = proxied(proxy, &words).await;
        for (i, said) in said.iter().enumerate() {
            let expected = case(name)["said"][i].as_str().unwrap();
            let said: Vec<String> = said.iter().map(|byte| format!("{byte:02x}")).collect();
            // The recorder keeps the first eight bytes of a reply.
            assert!(said.join(" ").starts_with(expected), "{name}: {said:?}, not {expected}");
        }
    }
}

#[tokio::test]
async fn the_envoy_stand_in_answers_as_envoy_does() {
    let recorded = Recorded::of("envoy.json", &[], &[]);
    let proxy = envoy::routing().await.unwrap();
    for case in
        ["route to a live service", "denied by a rule", "route to a dead service", "no route"]
    {
        let said = recorded.ask(case, &proxy, &[], "").await;
        let real = &recorded.cases[case];
        assert_eq!(real["body"], said.body, "{case}");
        let names = real["headers"].as_array().unwrap().iter();
        let names = names.map(|field| field[0].as_str().unwrap()).filter(|name| *name != "date");
        for name in names {
            assert!(said.header(name).is_some(), "{case}: no field {name}");
        }
        assert_eq!(said.header("server"), Some("envoy"), "{case}");
    }
    let case = "TCP to a dead service";
    recorded.asked.borrow_mut().insert(case.to_owned());
    let real = &recorded.cases[case];
    let proxy = envoy::accepting().await.unwrap();
    let mut link = TcpStream::connect(proxy.address()).await.expect("it accepts");
    let then = match link.read(&mut [0]).await {
        Ok(0) => "closed",
        Ok(_) => "spoken",
        Err(_) => "reset",
    };
    assert_eq!((&real["accepted"], &real["then"]), (&json!(true), &json!(then)));
    recorded.settle();
}
