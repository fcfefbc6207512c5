use super::*;

fn setting(name: NetworkName, url: Option<&str>, value: &str) -> NetworkSetting {
    let addresses = url.map_or(Addresses::All, |url| Addresses::Below(Box::new(Url::parse(url).unwrap())));
    NetworkSetting { addresses, name, value: value.to_owned(), origin: "PLACE".to_owned(), is_of_call: false }
}

fn proxies(settings: &[(Option<&str>, &str)]) -> Network {
    Network { settings: settings.iter().map(|(url, value)| setting(NetworkName::Proxy, *url, value)).collect() }
}

fn chosen<'a>(network: &'a Network, url: &str) -> Option<&'a str> {
    network.effective(NetworkName::Proxy, &Url::parse(url).unwrap()).map(|setting| setting.value.as_str())
}

/// The examples and rules of `http.<url>.*` in git-config(1).
#[test]
fn the_setting_whose_url_fits_best_counts() {
    for (pattern, fits, does_not) in [
        (
            "https://example.com",
            &["https://example.com/", "https://example.com:443/a/b"][..],
            &["http://example.com/", "https://example.com:8443/"][..],
        ),
        ("https://example.com/", &["https://EXAMPLE.com/a"], &["https://a.example.com/", "https://example.org/"]),
        ("https://example.com:443", &["https://example.com/"], &[]),
        ("https://*.example.com", &["https://a.example.com/x"], &["https://example.com/", "https://a.b.example.com/"]),
        (
            "https://example.com/foo",
            &["https://example.com/foo", "https://example.com/foo/bar"],
            &["https://example.com/foobar", "https://example.com/"],
        ),
        ("https://example.com/foo/", &["https://example.com/foo", "https://example.com/foo/bar"], &["https://example.com/fo"]),
        ("https://ann@example.com", &["https://ann@example.com/"], &["https://example.com/", "https://bob@example.com/"]),
    ] {
        let network = proxies(&[(Some(pattern), "here")]);
        for url in fits {
            assert_eq!(chosen(&network, url), Some("here"), "{pattern} {url}");
        }
        for url in does_not {
            assert_eq!(chosen(&network, url), None, "{pattern} {url}");
        }
    }
}

#[test]
fn host_goes_before_path_and_that_before_user_and_the_last_of_equals_counts() {
    let url = "https://ann@abc.example.com/foo/bar";
    let ascending = [
        None,
        Some("https://*.example.com/foo/bar"),
        Some("https://abc.example.com"),
        Some("https://ann@abc.example.com"),
        Some("https://abc.example.com/foo"),
        Some("https://ann@abc.example.com/foo"),
        Some("https://abc.example.com/foo/bar"),
    ];
    for (number, better) in ascending.iter().enumerate().skip(1) {
        for worse in &ascending[..number] {
            for settings in [[(*worse, "worse"), (*better, "better")], [(*better, "better"), (*worse, "worse")]] {
                assert_eq!(chosen(&proxies(&settings), url), Some("better"), "{worse:?} {better:?}");
            }
        }
    }
    for place in ascending {
        assert_eq!(chosen(&proxies(&[(place, "first"), (place, "last")]), url), Some("last"));
        let mut network = proxies(&[(place, "setting")]);
        network.settings.insert(0, NetworkSetting { addresses: Addresses::Always, ..setting(NetworkName::Proxy, None, "variable") });
        assert_eq!(chosen(&network, url), Some("variable"));
    }
}

#[test]
fn a_proxy_is_over_http_or_none_at_all() {
    let url = Url::parse("https://example.com/").unwrap();
    let route = |value: &str| proxies(&[(None, value)]).route(&url);
    assert_eq!(Network::default().route(&url).unwrap(), Route::default());
    assert_eq!(route("").unwrap().proxy, ProxyUse::Never);
    for (value, expected) in
        [("proxy:3128", "http://proxy:3128/"), ("http://u:p@proxy", "http://u:p@proxy/"), ("https://proxy", "https://proxy/")]
    {
        assert_eq!(route(value).unwrap().proxy, ProxyUse::At(Box::new(Url::parse(expected).unwrap())), "{value}");
    }
    let said = ["socks5h://u:secret@proxy", "http://"].map(|value| route(value).unwrap_err().to_string()).join("\n");
    insta::assert_snapshot!(said, @r"
    is not called, because PLACE cannot be used: only proxies over http and https are supported
    is not called, because PLACE cannot be used: it is not the address of a proxy
    ");
}

#[test]
fn connections_without_verification_are_refused_where_the_setting_counts() {
    let network = Network { settings: vec![setting(NetworkName::Verify, Some("https://example.com"), "false")] };
    let route = |url: &str| network.route(&Url::parse(url).unwrap());
    insta::assert_snapshot!(route("https://example.com/a").unwrap_err(), @"is not called, because PLACE turns off the verification of certificates");
    assert!(route("https://example.org/").is_ok());
    let mut settings = network.settings.clone();
    settings.push(setting(NetworkName::Verify, Some("https://example.com"), "true"));
    assert!(Network { settings }.route(&Url::parse("https://example.com/a").unwrap()).is_ok());
}

#[test]
fn certificates_come_from_a_file_or_the_files_of_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let pem = |der: &[u8]| {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(der))
    };
    let roots: Vec<String> = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().take(3).map(|root| pem(root)).collect();
    let file = folder.path().join("bundle");
    std::fs::write(&file, roots[..2].concat()).unwrap();
    let read = |path: &Path| {
        certificates(&[Authorities { path: path.to_owned(), origin: "PLACE".to_owned() }])
            .map(|found| found.len())
            .map_err(|error| error.to_string().replace(folder.path().to_str().unwrap(), "FOLDER"))
    };
    assert_eq!(read(&file), Ok(2));
    std::fs::write(folder.path().join("more"), &roots[2]).unwrap();
    std::fs::write(folder.path().join("README"), "text").unwrap();
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    assert_eq!(read(folder.path()), Ok(3));
    let said = ["nothing", "README", "empty"].map(|name| read(&folder.path().join(name)).unwrap_err()).join("\n");
    insta::assert_snapshot!(said, @r"
    is not called, because FOLDER/nothing cannot be used (set by PLACE): No such file or directory (os error 2)
    is not called, because FOLDER/README cannot be used (set by PLACE): it holds no certificate
    is not called, because FOLDER/empty cannot be used (set by PLACE): it holds no certificate
    ");
    #[cfg(target_os = "linux")]
    assert!(read(Path::new("/dev/zero")).unwrap_err().ends_with("it is not a regular file"));
}
