//! `GIT_CONFIG_PARAMETERS`: it is read as git reads it, or refused. Quoted again, it gives the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paraph::internals::git_parameters::{Parameter, parse};
use paraph_fuzz::reference;

fuzz_target!(|data: &[u8]| {
    // an environment variable has no NUL, and the program accepts text only
    let Some(text) = std::str::from_utf8(data).ok().filter(|text| !text.contains('\0')) else { return };
    let by_git = reference::config_parameters(data);
    match parse(text) {
        Some(parameters) => {
            let pairs = parameters.iter().map(|one| (one.key.clone().into_bytes(), one.value.clone().map(String::into_bytes)));
            assert_eq!(Some(pairs.collect()), by_git);
            let quoted: Vec<String> = parameters.iter().map(quote).collect();
            assert_eq!(parse(&quoted.join(" ")).as_ref(), Some(&parameters));
            for parameter in &parameters {
                let (section, subsection, name) = parameter.parts().expect("it was read");
                let key = subsection.map_or_else(|| format!("{section}.{name}"), |subsection| format!("{section}.{subsection}.{name}"));
                assert!(key.eq_ignore_ascii_case(&parameter.key));
                assert!(parameter.as_override().is_some() || parameter.key.contains('='));
            }
        }
        // git accepts a key that begins with a period, but no section has an empty name
        None => assert!(by_git.is_none_or(|pairs| pairs.iter().any(|(key, _)| key.starts_with(b".")))),
    }
});

fn quote(parameter: &Parameter) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''").replace('!', r"'\!'"));
    format!("{}={}", quoted(&parameter.key), parameter.value.as_deref().map(quoted).unwrap_or_default())
}
