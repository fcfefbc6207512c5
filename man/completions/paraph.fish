# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_paraph_global_optspecs
    string join \n C= h/help V/version
end

function __fish_paraph_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_paraph_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_paraph_using_subcommand
    set -l cmd (__fish_paraph_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c paraph -n "__fish_paraph_needs_command" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_needs_command" -s V -l version -d 'Print version'
complete -c paraph -n "__fish_paraph_needs_command" -f -a "setup" -d 'Configure git to sign and verify with paraph'
complete -c paraph -n "__fish_paraph_needs_command" -f -a "doctor" -d 'Check the configuration and the services'
complete -c paraph -n "__fish_paraph_needs_command" -f -a "whoami" -d 'Show the identity and the services that sign here'
complete -c paraph -n "__fish_paraph_needs_command" -f -a "allow" -d 'Trust an identity'
complete -c paraph -n "__fish_paraph_needs_command" -f -a "verify" -d 'Verify commits and tags, offline'
complete -c paraph -n "__fish_paraph_needs_command" -f -a "verify-tag" -d 'Verify tags, offline'
complete -c paraph -n "__fish_paraph_needs_command" -f -a "verify-file" -d 'Verify files by their Sigstore bundles, offline'
complete -c paraph -n "__fish_paraph_needs_command" -f -a "show" -d 'Show the contents of a signature'
complete -c paraph -n "__fish_paraph_needs_command" -f -a "sign" -d 'Sign files, as Sigstore bundles'
complete -c paraph -n "__fish_paraph_needs_command" -f -a "attest" -d 'Sign a statement about files or revisions'
complete -c paraph -n "__fish_paraph_needs_command" -f -a "release" -d 'Sign files as the release of a signed tag'
complete -c paraph -n "__fish_paraph_needs_command" -f -a "verify-release" -d 'Verify who released files from which signed tag, offline'
complete -c paraph -n "__fish_paraph_needs_command" -f -a "log" -d 'Ask a transparency log, and verify its answers'
complete -c paraph -n "__fish_paraph_needs_command" -f -a "policy" -d 'Work with the policy of a repository'
complete -c paraph -n "__fish_paraph_needs_command" -f -a "hook" -d 'Judge a push before git accepts it, as a hook'
complete -c paraph -n "__fish_paraph_needs_command" -f -a "trust" -d 'Manage trust roots: the trusted authorities and logs'
complete -c paraph -n "__fish_paraph_needs_command" -f -a "login" -d 'Log in once, so that many signatures need no login'
complete -c paraph -n "__fish_paraph_needs_command" -f -a "logout" -d 'Remove a login, and revoke it at the issuer'
complete -c paraph -n "__fish_paraph_needs_command" -f -a "agent" -d 'Keep one login for many signatures'
complete -c paraph -n "__fish_paraph_needs_command" -f -a "local" -d 'Run a private Sigstore on this machine, for tests'
complete -c paraph -n "__fish_paraph_needs_command" -f -a "config" -d 'Show the effective settings and where each comes from'
complete -c paraph -n "__fish_paraph_needs_command" -f -a "generate-docs" -d 'Generate manual pages, completions and tables'
complete -c paraph -n "__fish_paraph_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c paraph -n "__fish_paraph_using_subcommand setup" -l identity -d 'Sign as this identity only (paraph.expectedIdentity)' -r
complete -c paraph -n "__fish_paraph_using_subcommand setup" -l allowed-identities -d 'Trust the identities in this file (paraph.allowedIdentities)' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand setup" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand setup" -l global -d 'Configure all repositories of the user'
complete -c paraph -n "__fish_paraph_using_subcommand setup" -l local -d 'Configure this repository, the default inside one'
complete -c paraph -n "__fish_paraph_using_subcommand setup" -l always -d 'Sign every commit and annotated tag, not only with -S and -s'
complete -c paraph -n "__fish_paraph_using_subcommand setup" -l undo -d 'Restore the settings from before `paraph setup`'
complete -c paraph -n "__fish_paraph_using_subcommand setup" -l yes -d 'Do not ask for confirmation'
complete -c paraph -n "__fish_paraph_using_subcommand setup" -l dry-run -d 'Show the changes without making them'
complete -c paraph -n "__fish_paraph_using_subcommand setup" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand doctor" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand doctor" -l offline -d 'Do not ask the services'
complete -c paraph -n "__fish_paraph_using_subcommand doctor" -l json -d 'Print the findings as JSON'
complete -c paraph -n "__fish_paraph_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand whoami" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand whoami" -l check -d 'Get a token and check it; nothing is sent to the certificate authority or the log, and no browser opens'
complete -c paraph -n "__fish_paraph_using_subcommand whoami" -l json -d 'Print JSON'
complete -c paraph -n "__fish_paraph_using_subcommand whoami" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand allow" -l from -d 'Take identity, issuer and instance from the signature of this commit or tag' -r
complete -c paraph -n "__fish_paraph_using_subcommand allow" -l for -d 'What it may sign, separated by commas: commit, tag, push, file, attestation, release [default: commit,tag,push]' -r
complete -c paraph -n "__fish_paraph_using_subcommand allow" -l instance -d 'The Sigstore instance that must vouch for it [default: public]' -r
complete -c paraph -n "__fish_paraph_using_subcommand allow" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand allow" -l yes -d 'Do not ask for confirmation'
complete -c paraph -n "__fish_paraph_using_subcommand allow" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand verify" -l include-ref -d 'With --all and --tags, include refs that are left out by default' -r
complete -c paraph -n "__fish_paraph_using_subcommand verify" -l exclude-ref -d 'With --all and --tags, leave out these refs' -r
complete -c paraph -n "__fish_paraph_using_subcommand verify" -l as -d 'Judge the commits as those of this ref by the policy of the repository' -r
complete -c paraph -n "__fish_paraph_using_subcommand verify" -l format -d 'Print the verdicts in this format' -r -f -a "text\t'Sentences, and a summary where there are many objects'
json\t'One JSON object per line: see man/json.md'
sarif\t'One SARIF 2.1.0 document with a result for each object that is not good'"
complete -c paraph -n "__fish_paraph_using_subcommand verify" -l trusted-root -d 'Verify with the trust root in this file (trusted_root.json)' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand verify" -l instance -d 'Verify with the trust root of this instance' -r
complete -c paraph -n "__fish_paraph_using_subcommand verify" -l at -d 'Use this time as the current time, in RFC 3339. It only decides what is in the future, and never replaces a trusted time' -r
complete -c paraph -n "__fish_paraph_using_subcommand verify" -l certificate-identity -d 'The exact identity; may be repeated, with one issuer for each' -r
complete -c paraph -n "__fish_paraph_using_subcommand verify" -l certificate-identity-regexp -d 'A regular expression for the whole identity' -r
complete -c paraph -n "__fish_paraph_using_subcommand verify" -l certificate-oidc-issuer -d 'The exact OpenID issuer; the first belongs to the first identity, and so on' -r
complete -c paraph -n "__fish_paraph_using_subcommand verify" -l certificate-oidc-issuer-regexp -d 'A regular expression for the whole issuer' -r
complete -c paraph -n "__fish_paraph_using_subcommand verify" -l certificate-github-workflow-trigger -d 'The event that triggered the GitHub workflow' -r
complete -c paraph -n "__fish_paraph_using_subcommand verify" -l certificate-github-workflow-sha -d 'The commit of the GitHub workflow' -r
complete -c paraph -n "__fish_paraph_using_subcommand verify" -l certificate-github-workflow-name -d 'The name of the GitHub workflow' -r
complete -c paraph -n "__fish_paraph_using_subcommand verify" -l certificate-github-workflow-repository -d 'The repository of the GitHub workflow' -r
complete -c paraph -n "__fish_paraph_using_subcommand verify" -l certificate-github-workflow-ref -d 'The ref of the GitHub workflow' -r
complete -c paraph -n "__fish_paraph_using_subcommand verify" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand verify" -l all -d 'Verify every commit that a ref leads to'
complete -c paraph -n "__fish_paraph_using_subcommand verify" -l tags -d 'Verify every annotated tag that a ref leads to, and the tags inside it'
complete -c paraph -n "__fish_paraph_using_subcommand verify" -l stdin -d 'Read the revisions from standard input, one per line'
complete -c paraph -n "__fish_paraph_using_subcommand verify" -l first-parent -d 'In ranges, follow only the first parent of each commit'
complete -c paraph -n "__fish_paraph_using_subcommand verify" -l other-signatures -d 'Let git\'s own verifier judge OpenPGP and SSH signatures'
complete -c paraph -n "__fish_paraph_using_subcommand verify" -l deep -d 'Also hash the trees and files of each commit'
complete -c paraph -n "__fish_paraph_using_subcommand verify" -l policy -d 'Judge by the policy of the repository, also if only the repository\'s own configuration pins it'
complete -c paraph -n "__fish_paraph_using_subcommand verify" -l json -d 'Same as --format json'
complete -c paraph -n "__fish_paraph_using_subcommand verify" -s v -l verbose -d 'Show each object that is not good on a terminal too, instead of groups with examples'
complete -c paraph -n "__fish_paraph_using_subcommand verify" -s q -l quiet -d 'Print only warnings and errors; the exit code gives the result'
complete -c paraph -n "__fish_paraph_using_subcommand verify" -l cache -d 'Store results in the cache folder, and reuse those of earlier runs (see paraph.verdictCache)'
complete -c paraph -n "__fish_paraph_using_subcommand verify" -l lookup -d 'Ask the logs of the trust root for entries that signatures do not embed, as in gitsign\'s online mode'
complete -c paraph -n "__fish_paraph_using_subcommand verify" -l allow-legacy -d 'Judge signatures that need a legacy rule by their identity, instead of reporting them as legacy'
complete -c paraph -n "__fish_paraph_using_subcommand verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand verify-tag" -l format -d 'Print the verdicts in this format' -r -f -a "text\t'Sentences, and a summary where there are many objects'
json\t'One JSON object per line: see man/json.md'
sarif\t'One SARIF 2.1.0 document with a result for each object that is not good'"
complete -c paraph -n "__fish_paraph_using_subcommand verify-tag" -l trusted-root -d 'Verify with the trust root in this file (trusted_root.json)' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand verify-tag" -l instance -d 'Verify with the trust root of this instance' -r
complete -c paraph -n "__fish_paraph_using_subcommand verify-tag" -l at -d 'Use this time as the current time, in RFC 3339. It only decides what is in the future, and never replaces a trusted time' -r
complete -c paraph -n "__fish_paraph_using_subcommand verify-tag" -l certificate-identity -d 'The exact identity; may be repeated, with one issuer for each' -r
complete -c paraph -n "__fish_paraph_using_subcommand verify-tag" -l certificate-identity-regexp -d 'A regular expression for the whole identity' -r
complete -c paraph -n "__fish_paraph_using_subcommand verify-tag" -l certificate-oidc-issuer -d 'The exact OpenID issuer; the first belongs to the first identity, and so on' -r
complete -c paraph -n "__fish_paraph_using_subcommand verify-tag" -l certificate-oidc-issuer-regexp -d 'A regular expression for the whole issuer' -r
complete -c paraph -n "__fish_paraph_using_subcommand verify-tag" -l certificate-github-workflow-trigger -d 'The event that triggered the GitHub workflow' -r
complete -c paraph -n "__fish_paraph_using_subcommand verify-tag" -l certificate-github-workflow-sha -d 'The commit of the GitHub workflow' -r
complete -c paraph -n "__fish_paraph_using_subcommand verify-tag" -l certificate-github-workflow-name -d 'The name of the GitHub workflow' -r
complete -c paraph -n "__fish_paraph_using_subcommand verify-tag" -l certificate-github-workflow-repository -d 'The repository of the GitHub workflow' -r
complete -c paraph -n "__fish_paraph_using_subcommand verify-tag" -l certificate-github-workflow-ref -d 'The ref of the GitHub workflow' -r
complete -c paraph -n "__fish_paraph_using_subcommand verify-tag" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand verify-tag" -l target -d 'Judge the object that the innermost tag names too'
complete -c paraph -n "__fish_paraph_using_subcommand verify-tag" -l other-signatures -d 'Let git\'s own verifier judge OpenPGP and SSH signatures'
complete -c paraph -n "__fish_paraph_using_subcommand verify-tag" -l deep -d 'Also hash the trees and files of each commit'
complete -c paraph -n "__fish_paraph_using_subcommand verify-tag" -l policy -d 'Judge by the policy of the repository, also if only the repository\'s own configuration pins it'
complete -c paraph -n "__fish_paraph_using_subcommand verify-tag" -l json -d 'Same as --format json'
complete -c paraph -n "__fish_paraph_using_subcommand verify-tag" -s v -l verbose -d 'Show each object that is not good on a terminal too, instead of groups with examples'
complete -c paraph -n "__fish_paraph_using_subcommand verify-tag" -s q -l quiet -d 'Print only warnings and errors; the exit code gives the result'
complete -c paraph -n "__fish_paraph_using_subcommand verify-tag" -l cache -d 'Store results in the cache folder, and reuse those of earlier runs (see paraph.verdictCache)'
complete -c paraph -n "__fish_paraph_using_subcommand verify-tag" -l lookup -d 'Ask the logs of the trust root for entries that signatures do not embed, as in gitsign\'s online mode'
complete -c paraph -n "__fish_paraph_using_subcommand verify-tag" -l allow-legacy -d 'Judge signatures that need a legacy rule by their identity, instead of reporting them as legacy'
complete -c paraph -n "__fish_paraph_using_subcommand verify-tag" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand verify-file" -l bundle -d 'The file with the bundle or bundles' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand verify-file" -l type -d 'Require a statement of this type: a URI, or a name such as slsaprovenance1, spdxjson, cyclonedx, vuln, openvex or custom' -r
complete -c paraph -n "__fish_paraph_using_subcommand verify-file" -l key -d 'Verify with this public key (PEM) instead of an identity' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand verify-file" -l format -d 'Print the verdicts in this format' -r -f -a "text\t'Sentences, and a summary where there are many objects'
json\t'One JSON object per line: see man/json.md'
sarif\t'One SARIF 2.1.0 document with a result for each object that is not good'"
complete -c paraph -n "__fish_paraph_using_subcommand verify-file" -l trusted-root -d 'Verify with the trust root in this file (trusted_root.json)' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand verify-file" -l instance -d 'Verify with the trust root of this instance' -r
complete -c paraph -n "__fish_paraph_using_subcommand verify-file" -l at -d 'Use this time as the current time, in RFC 3339. It only decides what is in the future, and never replaces a trusted time' -r
complete -c paraph -n "__fish_paraph_using_subcommand verify-file" -l certificate-identity -d 'The exact identity; may be repeated, with one issuer for each' -r
complete -c paraph -n "__fish_paraph_using_subcommand verify-file" -l certificate-identity-regexp -d 'A regular expression for the whole identity' -r
complete -c paraph -n "__fish_paraph_using_subcommand verify-file" -l certificate-oidc-issuer -d 'The exact OpenID issuer; the first belongs to the first identity, and so on' -r
complete -c paraph -n "__fish_paraph_using_subcommand verify-file" -l certificate-oidc-issuer-regexp -d 'A regular expression for the whole issuer' -r
complete -c paraph -n "__fish_paraph_using_subcommand verify-file" -l certificate-github-workflow-trigger -d 'The event that triggered the GitHub workflow' -r
complete -c paraph -n "__fish_paraph_using_subcommand verify-file" -l certificate-github-workflow-sha -d 'The commit of the GitHub workflow' -r
complete -c paraph -n "__fish_paraph_using_subcommand verify-file" -l certificate-github-workflow-name -d 'The name of the GitHub workflow' -r
complete -c paraph -n "__fish_paraph_using_subcommand verify-file" -l certificate-github-workflow-repository -d 'The repository of the GitHub workflow' -r
complete -c paraph -n "__fish_paraph_using_subcommand verify-file" -l certificate-github-workflow-ref -d 'The ref of the GitHub workflow' -r
complete -c paraph -n "__fish_paraph_using_subcommand verify-file" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand verify-file" -l json -d 'Same as --format json'
complete -c paraph -n "__fish_paraph_using_subcommand verify-file" -s q -l quiet -d 'Print only warnings and errors; the exit code gives the result'
complete -c paraph -n "__fish_paraph_using_subcommand verify-file" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand show" -l format -d 'Print in this format' -r -f -a "text\t'Sentences, and the fields of the signature'
json\t'One JSON document: see man/json.md'
intoto\t'The in-toto statement of `gitsign show`'"
complete -c paraph -n "__fish_paraph_using_subcommand show" -s r -l remote -d 'The remote whose URL names the subject of an in-toto statement' -r
complete -c paraph -n "__fish_paraph_using_subcommand show" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand show" -l json -d 'Same as --format json'
complete -c paraph -n "__fish_paraph_using_subcommand show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand sign" -l statement -d 'Sign this in-toto statement, byte for byte' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand sign" -l bundle -d 'Write the bundle to this file. It is needed for standard input and digests, and possible for one file only' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand sign" -l instance -d 'Sign with the services of this instance' -r
complete -c paraph -n "__fish_paraph_using_subcommand sign" -l trusted-root -d 'Check the signature with the trust root in this file (trusted_root.json)' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand sign" -l signing-config -d 'Sign with the services in this file (signing_config.json)' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand sign" -l identity-token -d 'Sign with this identity token. Other users of this machine can see it; SIGSTORE_ID_TOKEN hides it' -r
complete -c paraph -n "__fish_paraph_using_subcommand sign" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand sign" -l force -d 'Replace an existing bundle'
complete -c paraph -n "__fish_paraph_using_subcommand sign" -l json -d 'Print a JSON object for each signature'
complete -c paraph -n "__fish_paraph_using_subcommand sign" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand attest" -l type -d 'The type of the predicate: a URI, or spdxjson, cyclonedx, slsaprovenance1, slsaprovenance, vuln, openvex, link or custom' -r
complete -c paraph -n "__fish_paraph_using_subcommand attest" -l predicate -d 'The file with the predicate; `-` is standard input' -r
complete -c paraph -n "__fish_paraph_using_subcommand attest" -l bundle -d 'Write the bundle to this file' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand attest" -l instance -d 'Sign with the services of this instance' -r
complete -c paraph -n "__fish_paraph_using_subcommand attest" -l trusted-root -d 'Check the signature with the trust root in this file (trusted_root.json)' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand attest" -l signing-config -d 'Sign with the services in this file (signing_config.json)' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand attest" -l identity-token -d 'Sign with this identity token. Other users of this machine can see it; SIGSTORE_ID_TOKEN hides it' -r
complete -c paraph -n "__fish_paraph_using_subcommand attest" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand attest" -l rev -d 'The subjects are git revisions: commits, tags or trees'
complete -c paraph -n "__fish_paraph_using_subcommand attest" -l force -d 'Replace an existing bundle'
complete -c paraph -n "__fish_paraph_using_subcommand attest" -l json -d 'Print a JSON object for each signature'
complete -c paraph -n "__fish_paraph_using_subcommand attest" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand release" -l output -d 'Write the bundle to this file; by default TAG.sigstore.json, with `-` for each `/` of the tag' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand release" -l instance -d 'Sign with the services of this instance' -r
complete -c paraph -n "__fish_paraph_using_subcommand release" -l trusted-root -d 'Check the signature with the trust root in this file (trusted_root.json)' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand release" -l signing-config -d 'Sign with the services in this file (signing_config.json)' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand release" -l identity-token -d 'Sign with this identity token. Other users of this machine can see it; SIGSTORE_ID_TOKEN hides it' -r
complete -c paraph -n "__fish_paraph_using_subcommand release" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand release" -l any-worktree -d 'Accept another HEAD and modified files'
complete -c paraph -n "__fish_paraph_using_subcommand release" -l force -d 'Replace an existing bundle'
complete -c paraph -n "__fish_paraph_using_subcommand release" -l json -d 'Print a JSON object for each signature'
complete -c paraph -n "__fish_paraph_using_subcommand release" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand verify-release" -l tag -d 'The name that the tag must have' -r
complete -c paraph -n "__fish_paraph_using_subcommand verify-release" -l bundle -d 'The bundle of the release' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand verify-release" -l trusted-root -d 'Verify with the trust root in this file (trusted_root.json)' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand verify-release" -l instance -d 'Verify with the trust root of this instance' -r
complete -c paraph -n "__fish_paraph_using_subcommand verify-release" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand verify-release" -l json -d 'Print a JSON object for each file'
complete -c paraph -n "__fish_paraph_using_subcommand verify-release" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand log; and not __fish_seen_subcommand_from get prove help" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand log; and not __fish_seen_subcommand_from get prove help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand log; and not __fish_seen_subcommand_from get prove help" -f -a "get" -d 'Show an entry of the log, verified'
complete -c paraph -n "__fish_paraph_using_subcommand log; and not __fish_seen_subcommand_from get prove help" -f -a "prove" -d 'Prove that a log entry is still in its log'
complete -c paraph -n "__fish_paraph_using_subcommand log; and not __fish_seen_subcommand_from get prove help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c paraph -n "__fish_paraph_using_subcommand log; and __fish_seen_subcommand_from get" -l rekor-version -d 'The version of the log\'s API: 1 or 2' -r
complete -c paraph -n "__fish_paraph_using_subcommand log; and __fish_seen_subcommand_from get" -l rekor-url -d 'The address of the log' -r
complete -c paraph -n "__fish_paraph_using_subcommand log; and __fish_seen_subcommand_from get" -l instance -d 'Use this instance: its log and its trust root' -r
complete -c paraph -n "__fish_paraph_using_subcommand log; and __fish_seen_subcommand_from get" -l trusted-root -d 'Verify with the trust root in this file (trusted_root.json)' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand log; and __fish_seen_subcommand_from get" -l timeout -d 'The limit for one request, in seconds' -r
complete -c paraph -n "__fish_paraph_using_subcommand log; and __fish_seen_subcommand_from get" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand log; and __fish_seen_subcommand_from get" -l json -d 'Print JSON: see man/json.md'
complete -c paraph -n "__fish_paraph_using_subcommand log; and __fish_seen_subcommand_from get" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand log; and __fish_seen_subcommand_from prove" -l key -d 'The public key (PEM) of a bundle that was signed with a key' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand log; and __fish_seen_subcommand_from prove" -l rekor-url -d 'The address of the log' -r
complete -c paraph -n "__fish_paraph_using_subcommand log; and __fish_seen_subcommand_from prove" -l instance -d 'Use this instance: its log and its trust root' -r
complete -c paraph -n "__fish_paraph_using_subcommand log; and __fish_seen_subcommand_from prove" -l trusted-root -d 'Verify with the trust root in this file (trusted_root.json)' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand log; and __fish_seen_subcommand_from prove" -l timeout -d 'The limit for one request, in seconds' -r
complete -c paraph -n "__fish_paraph_using_subcommand log; and __fish_seen_subcommand_from prove" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand log; and __fish_seen_subcommand_from prove" -l json -d 'Print JSON: see man/json.md'
complete -c paraph -n "__fish_paraph_using_subcommand log; and __fish_seen_subcommand_from prove" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand log; and __fish_seen_subcommand_from help" -f -a "get" -d 'Show an entry of the log, verified'
complete -c paraph -n "__fish_paraph_using_subcommand log; and __fish_seen_subcommand_from help" -f -a "prove" -d 'Prove that a log entry is still in its log'
complete -c paraph -n "__fish_paraph_using_subcommand log; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c paraph -n "__fish_paraph_using_subcommand policy; and not __fish_seen_subcommand_from init check describe diff test explain approve help" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand policy; and not __fish_seen_subcommand_from init check describe diff test explain approve help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand policy; and not __fish_seen_subcommand_from init check describe diff test explain approve help" -f -a "init" -d 'Propose a policy from who signed until now'
complete -c paraph -n "__fish_paraph_using_subcommand policy; and not __fish_seen_subcommand_from init check describe diff test explain approve help" -f -a "check" -d 'Find mistakes in a policy file'
complete -c paraph -n "__fish_paraph_using_subcommand policy; and not __fish_seen_subcommand_from init check describe diff test explain approve help" -f -a "describe" -d 'Say in sentences who may do what'
complete -c paraph -n "__fish_paraph_using_subcommand policy; and not __fish_seen_subcommand_from init check describe diff test explain approve help" -f -a "diff" -d 'Say what a change of the policy grants and takes away'
complete -c paraph -n "__fish_paraph_using_subcommand policy; and not __fish_seen_subcommand_from init check describe diff test explain approve help" -f -a "test" -d 'Test a policy with examples, offline'
complete -c paraph -n "__fish_paraph_using_subcommand policy; and not __fish_seen_subcommand_from init check describe diff test explain approve help" -f -a "explain" -d 'Explain what the policy decides about a commit or tag'
complete -c paraph -n "__fish_paraph_using_subcommand policy; and not __fish_seen_subcommand_from init check describe diff test explain approve help" -f -a "approve" -d 'Sign an approval'
complete -c paraph -n "__fish_paraph_using_subcommand policy; and not __fish_seen_subcommand_from init check describe diff test explain approve help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c paraph -n "__fish_paraph_using_subcommand policy; and __fish_seen_subcommand_from init" -l since -d 'How far back to read, as git reads --since' -r
complete -c paraph -n "__fish_paraph_using_subcommand policy; and __fish_seen_subcommand_from init" -s o -l output -d 'Write a file that does not exist yet, instead of standard output' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand policy; and __fish_seen_subcommand_from init" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand policy; and __fish_seen_subcommand_from init" -l other-signatures -d 'Let git\'s own verifier judge OpenPGP and SSH signatures'
complete -c paraph -n "__fish_paraph_using_subcommand policy; and __fish_seen_subcommand_from init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand policy; and __fish_seen_subcommand_from check" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand policy; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand policy; and __fish_seen_subcommand_from describe" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand policy; and __fish_seen_subcommand_from describe" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand policy; and __fish_seen_subcommand_from diff" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand policy; and __fish_seen_subcommand_from diff" -l json -d 'Print JSON'
complete -c paraph -n "__fish_paraph_using_subcommand policy; and __fish_seen_subcommand_from diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand policy; and __fish_seen_subcommand_from test" -l policy -d 'The policy: a file, or a commit [default: .paraph/policy.toml of the work tree]' -r
complete -c paraph -n "__fish_paraph_using_subcommand policy; and __fish_seen_subcommand_from test" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand policy; and __fish_seen_subcommand_from test" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand policy; and __fish_seen_subcommand_from explain" -l as -d 'Judge it as a commit of this ref' -r
complete -c paraph -n "__fish_paraph_using_subcommand policy; and __fish_seen_subcommand_from explain" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand policy; and __fish_seen_subcommand_from explain" -l other-signatures -d 'Let git\'s own verifier judge OpenPGP and SSH signatures'
complete -c paraph -n "__fish_paraph_using_subcommand policy; and __fish_seen_subcommand_from explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand policy; and __fish_seen_subcommand_from approve" -l tag-object -d 'Approve the tag object in this file, as `git cat-file tag` prints it; `-` is standard input' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand policy; and __fish_seen_subcommand_from approve" -l name -d 'The last part of the approval\'s name [default: from user.email]' -r
complete -c paraph -n "__fish_paraph_using_subcommand policy; and __fish_seen_subcommand_from approve" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand policy; and __fish_seen_subcommand_from approve" -l yes -d 'Do not ask for confirmation'
complete -c paraph -n "__fish_paraph_using_subcommand policy; and __fish_seen_subcommand_from approve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand policy; and __fish_seen_subcommand_from help" -f -a "init" -d 'Propose a policy from who signed until now'
complete -c paraph -n "__fish_paraph_using_subcommand policy; and __fish_seen_subcommand_from help" -f -a "check" -d 'Find mistakes in a policy file'
complete -c paraph -n "__fish_paraph_using_subcommand policy; and __fish_seen_subcommand_from help" -f -a "describe" -d 'Say in sentences who may do what'
complete -c paraph -n "__fish_paraph_using_subcommand policy; and __fish_seen_subcommand_from help" -f -a "diff" -d 'Say what a change of the policy grants and takes away'
complete -c paraph -n "__fish_paraph_using_subcommand policy; and __fish_seen_subcommand_from help" -f -a "test" -d 'Test a policy with examples, offline'
complete -c paraph -n "__fish_paraph_using_subcommand policy; and __fish_seen_subcommand_from help" -f -a "explain" -d 'Explain what the policy decides about a commit or tag'
complete -c paraph -n "__fish_paraph_using_subcommand policy; and __fish_seen_subcommand_from help" -f -a "approve" -d 'Sign an approval'
complete -c paraph -n "__fish_paraph_using_subcommand policy; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c paraph -n "__fish_paraph_using_subcommand hook; and not __fish_seen_subcommand_from pre-receive update reference-transaction post-merge install uninstall pre-push help" -l deadline -d 'Of hooks that judge a push: refuse it after this time' -r
complete -c paraph -n "__fish_paraph_using_subcommand hook; and not __fish_seen_subcommand_from pre-receive update reference-transaction post-merge install uninstall pre-push help" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand hook; and not __fish_seen_subcommand_from pre-receive update reference-transaction post-merge install uninstall pre-push help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand hook; and not __fish_seen_subcommand_from pre-receive update reference-transaction post-merge install uninstall pre-push help" -f -a "pre-receive" -d 'On a server: refuse a push for one bad object'
complete -c paraph -n "__fish_paraph_using_subcommand hook; and not __fish_seen_subcommand_from pre-receive update reference-transaction post-merge install uninstall pre-push help" -f -a "update" -d 'On a server: refuse each ref with a bad object'
complete -c paraph -n "__fish_paraph_using_subcommand hook; and not __fish_seen_subcommand_from pre-receive update reference-transaction post-merge install uninstall pre-push help" -f -a "reference-transaction" -d 'On a server: refuse to move a branch or tag to a bad object, whatever moves it'
complete -c paraph -n "__fish_paraph_using_subcommand hook; and not __fish_seen_subcommand_from pre-receive update reference-transaction post-merge install uninstall pre-push help" -f -a "post-merge" -d 'On your own machine: warn of what a merge brought in'
complete -c paraph -n "__fish_paraph_using_subcommand hook; and not __fish_seen_subcommand_from pre-receive update reference-transaction post-merge install uninstall pre-push help" -f -a "install" -d 'Install the hooks of this clone, or of a server'
complete -c paraph -n "__fish_paraph_using_subcommand hook; and not __fish_seen_subcommand_from pre-receive update reference-transaction post-merge install uninstall pre-push help" -f -a "uninstall" -d 'Remove the hooks that paraph installed'
complete -c paraph -n "__fish_paraph_using_subcommand hook; and not __fish_seen_subcommand_from pre-receive update reference-transaction post-merge install uninstall pre-push help" -f -a "pre-push" -d 'On your own machine: refuse to push a bad object'
complete -c paraph -n "__fish_paraph_using_subcommand hook; and not __fish_seen_subcommand_from pre-receive update reference-transaction post-merge install uninstall pre-push help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c paraph -n "__fish_paraph_using_subcommand hook; and __fish_seen_subcommand_from pre-receive" -l deadline -d 'Of hooks that judge a push: refuse it after this time' -r
complete -c paraph -n "__fish_paraph_using_subcommand hook; and __fish_seen_subcommand_from pre-receive" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand hook; and __fish_seen_subcommand_from pre-receive" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand hook; and __fish_seen_subcommand_from update" -l deadline -d 'Of hooks that judge a push: refuse it after this time' -r
complete -c paraph -n "__fish_paraph_using_subcommand hook; and __fish_seen_subcommand_from update" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand hook; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand hook; and __fish_seen_subcommand_from reference-transaction" -l deadline -d 'Of hooks that judge a push: refuse it after this time' -r
complete -c paraph -n "__fish_paraph_using_subcommand hook; and __fish_seen_subcommand_from reference-transaction" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand hook; and __fish_seen_subcommand_from reference-transaction" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand hook; and __fish_seen_subcommand_from post-merge" -l deadline -d 'Of hooks that judge a push: refuse it after this time' -r
complete -c paraph -n "__fish_paraph_using_subcommand hook; and __fish_seen_subcommand_from post-merge" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand hook; and __fish_seen_subcommand_from post-merge" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand hook; and __fish_seen_subcommand_from install" -l deadline -d 'Of hooks that judge a push: refuse it after this time' -r
complete -c paraph -n "__fish_paraph_using_subcommand hook; and __fish_seen_subcommand_from install" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand hook; and __fish_seen_subcommand_from install" -l server -d 'Install the hooks of a server'
complete -c paraph -n "__fish_paraph_using_subcommand hook; and __fish_seen_subcommand_from install" -l policy -d 'Also install `post-merge`, or `reference-transaction` on a server. A policy must be pinned'
complete -c paraph -n "__fish_paraph_using_subcommand hook; and __fish_seen_subcommand_from install" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand hook; and __fish_seen_subcommand_from uninstall" -l deadline -d 'Of hooks that judge a push: refuse it after this time' -r
complete -c paraph -n "__fish_paraph_using_subcommand hook; and __fish_seen_subcommand_from uninstall" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand hook; and __fish_seen_subcommand_from uninstall" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand hook; and __fish_seen_subcommand_from pre-push" -l deadline -d 'Of hooks that judge a push: refuse it after this time' -r
complete -c paraph -n "__fish_paraph_using_subcommand hook; and __fish_seen_subcommand_from pre-push" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand hook; and __fish_seen_subcommand_from pre-push" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand hook; and __fish_seen_subcommand_from help" -f -a "pre-receive" -d 'On a server: refuse a push for one bad object'
complete -c paraph -n "__fish_paraph_using_subcommand hook; and __fish_seen_subcommand_from help" -f -a "update" -d 'On a server: refuse each ref with a bad object'
complete -c paraph -n "__fish_paraph_using_subcommand hook; and __fish_seen_subcommand_from help" -f -a "reference-transaction" -d 'On a server: refuse to move a branch or tag to a bad object, whatever moves it'
complete -c paraph -n "__fish_paraph_using_subcommand hook; and __fish_seen_subcommand_from help" -f -a "post-merge" -d 'On your own machine: warn of what a merge brought in'
complete -c paraph -n "__fish_paraph_using_subcommand hook; and __fish_seen_subcommand_from help" -f -a "install" -d 'Install the hooks of this clone, or of a server'
complete -c paraph -n "__fish_paraph_using_subcommand hook; and __fish_seen_subcommand_from help" -f -a "uninstall" -d 'Remove the hooks that paraph installed'
complete -c paraph -n "__fish_paraph_using_subcommand hook; and __fish_seen_subcommand_from help" -f -a "pre-push" -d 'On your own machine: refuse to push a bad object'
complete -c paraph -n "__fish_paraph_using_subcommand hook; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c paraph -n "__fish_paraph_using_subcommand trust; and not __fish_seen_subcommand_from update status initialize import help" -l instance -d 'Manage this instance instead of the one in use' -r
complete -c paraph -n "__fish_paraph_using_subcommand trust; and not __fish_seen_subcommand_from update status initialize import help" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand trust; and not __fish_seen_subcommand_from update status initialize import help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand trust; and not __fish_seen_subcommand_from update status initialize import help" -f -a "update" -d 'Fetch the newest trust root of an instance'
complete -c paraph -n "__fish_paraph_using_subcommand trust; and not __fish_seen_subcommand_from update status initialize import help" -f -a "status" -d 'Show the trust root in use'
complete -c paraph -n "__fish_paraph_using_subcommand trust; and not __fish_seen_subcommand_from update status initialize import help" -f -a "initialize" -d 'Trust a new instance by its TUF repository'
complete -c paraph -n "__fish_paraph_using_subcommand trust; and not __fish_seen_subcommand_from update status initialize import help" -f -a "import" -d 'Import a trust root from a file'
complete -c paraph -n "__fish_paraph_using_subcommand trust; and not __fish_seen_subcommand_from update status initialize import help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c paraph -n "__fish_paraph_using_subcommand trust; and __fish_seen_subcommand_from update" -l instance -d 'Manage this instance instead of the one in use' -r
complete -c paraph -n "__fish_paraph_using_subcommand trust; and __fish_seen_subcommand_from update" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand trust; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand trust; and __fish_seen_subcommand_from status" -l instance -d 'Manage this instance instead of the one in use' -r
complete -c paraph -n "__fish_paraph_using_subcommand trust; and __fish_seen_subcommand_from status" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand trust; and __fish_seen_subcommand_from status" -l json -d 'Print the trust root as JSON'
complete -c paraph -n "__fish_paraph_using_subcommand trust; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand trust; and __fish_seen_subcommand_from initialize" -l mirror -d 'The URL of the TUF repository' -r
complete -c paraph -n "__fish_paraph_using_subcommand trust; and __fish_seen_subcommand_from initialize" -l root -d 'The file with the TUF root (root.json)' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand trust; and __fish_seen_subcommand_from initialize" -l instance -d 'Manage this instance instead of the one in use' -r
complete -c paraph -n "__fish_paraph_using_subcommand trust; and __fish_seen_subcommand_from initialize" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand trust; and __fish_seen_subcommand_from initialize" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand trust; and __fish_seen_subcommand_from import" -l instance -d 'Manage this instance instead of the one in use' -r
complete -c paraph -n "__fish_paraph_using_subcommand trust; and __fish_seen_subcommand_from import" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand trust; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand trust; and __fish_seen_subcommand_from help" -f -a "update" -d 'Fetch the newest trust root of an instance'
complete -c paraph -n "__fish_paraph_using_subcommand trust; and __fish_seen_subcommand_from help" -f -a "status" -d 'Show the trust root in use'
complete -c paraph -n "__fish_paraph_using_subcommand trust; and __fish_seen_subcommand_from help" -f -a "initialize" -d 'Trust a new instance by its TUF repository'
complete -c paraph -n "__fish_paraph_using_subcommand trust; and __fish_seen_subcommand_from help" -f -a "import" -d 'Import a trust root from a file'
complete -c paraph -n "__fish_paraph_using_subcommand trust; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c paraph -n "__fish_paraph_using_subcommand login" -l instance -d 'The instance, or a name to approve the configured services under' -r
complete -c paraph -n "__fish_paraph_using_subcommand login" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand login" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand logout" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand logout" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand agent; and not __fish_seen_subcommand_from run status log lock unlock clear stop confirm socket help" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand agent; and not __fish_seen_subcommand_from run status log lock unlock clear stop confirm socket help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand agent; and not __fish_seen_subcommand_from run status log lock unlock clear stop confirm socket help" -f -a "run" -d 'Run the agent in the foreground'
complete -c paraph -n "__fish_paraph_using_subcommand agent; and not __fish_seen_subcommand_from run status log lock unlock clear stop confirm socket help" -f -a "status" -d 'Show whether the agent runs, and its logins'
complete -c paraph -n "__fish_paraph_using_subcommand agent; and not __fish_seen_subcommand_from run status log lock unlock clear stop confirm socket help" -f -a "log" -d 'Show the signatures that the agent made'
complete -c paraph -n "__fish_paraph_using_subcommand agent; and not __fish_seen_subcommand_from run status log lock unlock clear stop confirm socket help" -f -a "lock" -d 'Wipe the agent\'s keys and tokens, and stop signing'
complete -c paraph -n "__fish_paraph_using_subcommand agent; and not __fish_seen_subcommand_from run status log lock unlock clear stop confirm socket help" -f -a "unlock" -d 'Let the agent sign again'
complete -c paraph -n "__fish_paraph_using_subcommand agent; and not __fish_seen_subcommand_from run status log lock unlock clear stop confirm socket help" -f -a "clear" -d 'Wipe the agent\'s keys and tokens'
complete -c paraph -n "__fish_paraph_using_subcommand agent; and not __fish_seen_subcommand_from run status log lock unlock clear stop confirm socket help" -f -a "stop" -d 'End the agent'
complete -c paraph -n "__fish_paraph_using_subcommand agent; and not __fish_seen_subcommand_from run status log lock unlock clear stop confirm socket help" -f -a "confirm" -d 'Approve signatures for other machines in this terminal'
complete -c paraph -n "__fish_paraph_using_subcommand agent; and not __fish_seen_subcommand_from run status log lock unlock clear stop confirm socket help" -f -a "socket" -d 'Print the path of the socket to forward'
complete -c paraph -n "__fish_paraph_using_subcommand agent; and not __fish_seen_subcommand_from run status log lock unlock clear stop confirm socket help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c paraph -n "__fish_paraph_using_subcommand agent; and __fish_seen_subcommand_from run" -l answer-timeout -d 'For tests only: how many seconds a question waits for its answer' -r
complete -c paraph -n "__fish_paraph_using_subcommand agent; and __fish_seen_subcommand_from run" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand agent; and __fish_seen_subcommand_from run" -l detached -d 'Used when a client starts it: it runs in its own session'
complete -c paraph -n "__fish_paraph_using_subcommand agent; and __fish_seen_subcommand_from run" -l readable-memory -d 'For tests only: other processes of the user can read its memory'
complete -c paraph -n "__fish_paraph_using_subcommand agent; and __fish_seen_subcommand_from run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand agent; and __fish_seen_subcommand_from status" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand agent; and __fish_seen_subcommand_from status" -l json -d 'Print JSON'
complete -c paraph -n "__fish_paraph_using_subcommand agent; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand agent; and __fish_seen_subcommand_from log" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand agent; and __fish_seen_subcommand_from log" -l json -d 'Print each signature as a JSON object on one line'
complete -c paraph -n "__fish_paraph_using_subcommand agent; and __fish_seen_subcommand_from log" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand agent; and __fish_seen_subcommand_from lock" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand agent; and __fish_seen_subcommand_from lock" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand agent; and __fish_seen_subcommand_from unlock" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand agent; and __fish_seen_subcommand_from unlock" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand agent; and __fish_seen_subcommand_from clear" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand agent; and __fish_seen_subcommand_from clear" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand agent; and __fish_seen_subcommand_from stop" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand agent; and __fish_seen_subcommand_from stop" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand agent; and __fish_seen_subcommand_from confirm" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand agent; and __fish_seen_subcommand_from confirm" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand agent; and __fish_seen_subcommand_from socket" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand agent; and __fish_seen_subcommand_from socket" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "run" -d 'Run the agent in the foreground'
complete -c paraph -n "__fish_paraph_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "status" -d 'Show whether the agent runs, and its logins'
complete -c paraph -n "__fish_paraph_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "log" -d 'Show the signatures that the agent made'
complete -c paraph -n "__fish_paraph_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "lock" -d 'Wipe the agent\'s keys and tokens, and stop signing'
complete -c paraph -n "__fish_paraph_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "unlock" -d 'Let the agent sign again'
complete -c paraph -n "__fish_paraph_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "clear" -d 'Wipe the agent\'s keys and tokens'
complete -c paraph -n "__fish_paraph_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "stop" -d 'End the agent'
complete -c paraph -n "__fish_paraph_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "confirm" -d 'Approve signatures for other machines in this terminal'
complete -c paraph -n "__fish_paraph_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "socket" -d 'Print the path of the socket to forward'
complete -c paraph -n "__fish_paraph_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c paraph -n "__fish_paraph_using_subcommand local; and not __fish_seen_subcommand_from init serve status stop use token code help" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand local; and not __fish_seen_subcommand_from init serve status stop use token code help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand local; and not __fish_seen_subcommand_from init serve status stop use token code help" -f -a "init" -d 'Create a local Sigstore with new keys and a port'
complete -c paraph -n "__fish_paraph_using_subcommand local; and not __fish_seen_subcommand_from init serve status stop use token code help" -f -a "serve" -d 'Run the local Sigstore'
complete -c paraph -n "__fish_paraph_using_subcommand local; and not __fish_seen_subcommand_from init serve status stop use token code help" -f -a "status" -d 'Show whether the local Sigstore runs, and where'
complete -c paraph -n "__fish_paraph_using_subcommand local; and not __fish_seen_subcommand_from init serve status stop use token code help" -f -a "stop" -d 'Stop the server'
complete -c paraph -n "__fish_paraph_using_subcommand local; and not __fish_seen_subcommand_from init serve status stop use token code help" -f -a "use" -d 'Make one repository sign and verify with the local Sigstore'
complete -c paraph -n "__fish_paraph_using_subcommand local; and not __fish_seen_subcommand_from init serve status stop use token code help" -f -a "token" -d 'Print an ID token, for SIGSTORE_ID_TOKEN in scripts'
complete -c paraph -n "__fish_paraph_using_subcommand local; and not __fish_seen_subcommand_from init serve status stop use token code help" -f -a "code" -d 'Print a code for one login on the issuer\'s page'
complete -c paraph -n "__fish_paraph_using_subcommand local; and not __fish_seen_subcommand_from init serve status stop use token code help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c paraph -n "__fish_paraph_using_subcommand local; and __fish_seen_subcommand_from init" -l token-algorithm -d 'The signature algorithm of ID tokens' -r -f -a "rs256\t'RSA with SHA-256, which every OpenID client accepts'
es256\t'ECDSA P-256 with SHA-256'"
complete -c paraph -n "__fish_paraph_using_subcommand local; and __fish_seen_subcommand_from init" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand local; and __fish_seen_subcommand_from init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand local; and __fish_seen_subcommand_from serve" -l dir -d 'The folder of the local Sigstore [default: paraph/local in your data folder]' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand local; and __fish_seen_subcommand_from serve" -l certificate-lifetime -d 'For tests: the validity period of certificates' -r
complete -c paraph -n "__fish_paraph_using_subcommand local; and __fish_seen_subcommand_from serve" -l fault -d 'For tests: make a service fail, wait or lie (repeatable)' -r -f -a "issuer=502\t''
issuer=slow\t''
issuer=token-502\t''
issuer=short-tokens\t''
issuer=other-nonce\t''
issuer=other-audience\t''
issuer=other-issuer\t''
issuer=unverified-email\t''
issuer=no-email\t''
issuer=foreign-key\t''
issuer=no-device\t''
issuer=slow-down\t''
issuer=device-denied\t''
issuer=device-expired\t''
issuer=no-refresh\t''
issuer=refresh-refused\t''
fulcio=502\t''
fulcio=slow\t''
fulcio=other-key\t''
fulcio=other-identity\t''
fulcio=no-sct\t''
fulcio=bad-sct\t''
rekor=502\t''
rekor=slow\t''
rekor=lost-answer\t''
rekor=other-entry\t''
rekor=bad-proof\t''
rekor=bad-checkpoint\t''
rekor=bad-promise\t''
tsa=502\t''
tsa=slow\t''
tsa=other-imprint\t''
tsa=other-nonce\t''
tsa=wrong-time\t''
tuf=502\t''
tuf=slow\t''"
complete -c paraph -n "__fish_paraph_using_subcommand local; and __fish_seen_subcommand_from serve" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand local; and __fish_seen_subcommand_from serve" -l background -d 'Run in the background, and return when it is ready'
complete -c paraph -n "__fish_paraph_using_subcommand local; and __fish_seen_subcommand_from serve" -l detached -d 'Set by `--background` for the process that it starts'
complete -c paraph -n "__fish_paraph_using_subcommand local; and __fish_seen_subcommand_from serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand local; and __fish_seen_subcommand_from status" -l dir -d 'The folder of the local Sigstore [default: paraph/local in your data folder]' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand local; and __fish_seen_subcommand_from status" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand local; and __fish_seen_subcommand_from status" -l json -d 'Print the status as JSON'
complete -c paraph -n "__fish_paraph_using_subcommand local; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand local; and __fish_seen_subcommand_from stop" -l dir -d 'The folder of the local Sigstore [default: paraph/local in your data folder]' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand local; and __fish_seen_subcommand_from stop" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand local; and __fish_seen_subcommand_from stop" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand local; and __fish_seen_subcommand_from use" -l dir -d 'The folder of the local Sigstore [default: paraph/local in your data folder]' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand local; and __fish_seen_subcommand_from use" -l repository -d 'The repository' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand local; and __fish_seen_subcommand_from use" -l email -d 'The address to sign with [default: the committer\'s address]' -r
complete -c paraph -n "__fish_paraph_using_subcommand local; and __fish_seen_subcommand_from use" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand local; and __fish_seen_subcommand_from use" -l undo -d 'Restore the settings from before `paraph local use`'
complete -c paraph -n "__fish_paraph_using_subcommand local; and __fish_seen_subcommand_from use" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand local; and __fish_seen_subcommand_from token" -l dir -d 'The folder of the local Sigstore [default: paraph/local in your data folder]' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand local; and __fish_seen_subcommand_from token" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand local; and __fish_seen_subcommand_from token" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand local; and __fish_seen_subcommand_from code" -l dir -d 'The folder of the local Sigstore [default: paraph/local in your data folder]' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand local; and __fish_seen_subcommand_from code" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand local; and __fish_seen_subcommand_from code" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand local; and __fish_seen_subcommand_from help" -f -a "init" -d 'Create a local Sigstore with new keys and a port'
complete -c paraph -n "__fish_paraph_using_subcommand local; and __fish_seen_subcommand_from help" -f -a "serve" -d 'Run the local Sigstore'
complete -c paraph -n "__fish_paraph_using_subcommand local; and __fish_seen_subcommand_from help" -f -a "status" -d 'Show whether the local Sigstore runs, and where'
complete -c paraph -n "__fish_paraph_using_subcommand local; and __fish_seen_subcommand_from help" -f -a "stop" -d 'Stop the server'
complete -c paraph -n "__fish_paraph_using_subcommand local; and __fish_seen_subcommand_from help" -f -a "use" -d 'Make one repository sign and verify with the local Sigstore'
complete -c paraph -n "__fish_paraph_using_subcommand local; and __fish_seen_subcommand_from help" -f -a "token" -d 'Print an ID token, for SIGSTORE_ID_TOKEN in scripts'
complete -c paraph -n "__fish_paraph_using_subcommand local; and __fish_seen_subcommand_from help" -f -a "code" -d 'Print a code for one login on the issuer\'s page'
complete -c paraph -n "__fish_paraph_using_subcommand local; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c paraph -n "__fish_paraph_using_subcommand config" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand config" -l json -d 'Print the settings as JSON'
complete -c paraph -n "__fish_paraph_using_subcommand config" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand generate-docs" -s C -d 'Run in this folder; if repeated, each is relative to the one before, as in git' -r -F
complete -c paraph -n "__fish_paraph_using_subcommand generate-docs" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c paraph -n "__fish_paraph_using_subcommand help; and not __fish_seen_subcommand_from setup doctor whoami allow verify verify-tag verify-file show sign attest release verify-release log policy hook trust login logout agent local config generate-docs help" -f -a "setup" -d 'Configure git to sign and verify with paraph'
complete -c paraph -n "__fish_paraph_using_subcommand help; and not __fish_seen_subcommand_from setup doctor whoami allow verify verify-tag verify-file show sign attest release verify-release log policy hook trust login logout agent local config generate-docs help" -f -a "doctor" -d 'Check the configuration and the services'
complete -c paraph -n "__fish_paraph_using_subcommand help; and not __fish_seen_subcommand_from setup doctor whoami allow verify verify-tag verify-file show sign attest release verify-release log policy hook trust login logout agent local config generate-docs help" -f -a "whoami" -d 'Show the identity and the services that sign here'
complete -c paraph -n "__fish_paraph_using_subcommand help; and not __fish_seen_subcommand_from setup doctor whoami allow verify verify-tag verify-file show sign attest release verify-release log policy hook trust login logout agent local config generate-docs help" -f -a "allow" -d 'Trust an identity'
complete -c paraph -n "__fish_paraph_using_subcommand help; and not __fish_seen_subcommand_from setup doctor whoami allow verify verify-tag verify-file show sign attest release verify-release log policy hook trust login logout agent local config generate-docs help" -f -a "verify" -d 'Verify commits and tags, offline'
complete -c paraph -n "__fish_paraph_using_subcommand help; and not __fish_seen_subcommand_from setup doctor whoami allow verify verify-tag verify-file show sign attest release verify-release log policy hook trust login logout agent local config generate-docs help" -f -a "verify-tag" -d 'Verify tags, offline'
complete -c paraph -n "__fish_paraph_using_subcommand help; and not __fish_seen_subcommand_from setup doctor whoami allow verify verify-tag verify-file show sign attest release verify-release log policy hook trust login logout agent local config generate-docs help" -f -a "verify-file" -d 'Verify files by their Sigstore bundles, offline'
complete -c paraph -n "__fish_paraph_using_subcommand help; and not __fish_seen_subcommand_from setup doctor whoami allow verify verify-tag verify-file show sign attest release verify-release log policy hook trust login logout agent local config generate-docs help" -f -a "show" -d 'Show the contents of a signature'
complete -c paraph -n "__fish_paraph_using_subcommand help; and not __fish_seen_subcommand_from setup doctor whoami allow verify verify-tag verify-file show sign attest release verify-release log policy hook trust login logout agent local config generate-docs help" -f -a "sign" -d 'Sign files, as Sigstore bundles'
complete -c paraph -n "__fish_paraph_using_subcommand help; and not __fish_seen_subcommand_from setup doctor whoami allow verify verify-tag verify-file show sign attest release verify-release log policy hook trust login logout agent local config generate-docs help" -f -a "attest" -d 'Sign a statement about files or revisions'
complete -c paraph -n "__fish_paraph_using_subcommand help; and not __fish_seen_subcommand_from setup doctor whoami allow verify verify-tag verify-file show sign attest release verify-release log policy hook trust login logout agent local config generate-docs help" -f -a "release" -d 'Sign files as the release of a signed tag'
complete -c paraph -n "__fish_paraph_using_subcommand help; and not __fish_seen_subcommand_from setup doctor whoami allow verify verify-tag verify-file show sign attest release verify-release log policy hook trust login logout agent local config generate-docs help" -f -a "verify-release" -d 'Verify who released files from which signed tag, offline'
complete -c paraph -n "__fish_paraph_using_subcommand help; and not __fish_seen_subcommand_from setup doctor whoami allow verify verify-tag verify-file show sign attest release verify-release log policy hook trust login logout agent local config generate-docs help" -f -a "log" -d 'Ask a transparency log, and verify its answers'
complete -c paraph -n "__fish_paraph_using_subcommand help; and not __fish_seen_subcommand_from setup doctor whoami allow verify verify-tag verify-file show sign attest release verify-release log policy hook trust login logout agent local config generate-docs help" -f -a "policy" -d 'Work with the policy of a repository'
complete -c paraph -n "__fish_paraph_using_subcommand help; and not __fish_seen_subcommand_from setup doctor whoami allow verify verify-tag verify-file show sign attest release verify-release log policy hook trust login logout agent local config generate-docs help" -f -a "hook" -d 'Judge a push before git accepts it, as a hook'
complete -c paraph -n "__fish_paraph_using_subcommand help; and not __fish_seen_subcommand_from setup doctor whoami allow verify verify-tag verify-file show sign attest release verify-release log policy hook trust login logout agent local config generate-docs help" -f -a "trust" -d 'Manage trust roots: the trusted authorities and logs'
complete -c paraph -n "__fish_paraph_using_subcommand help; and not __fish_seen_subcommand_from setup doctor whoami allow verify verify-tag verify-file show sign attest release verify-release log policy hook trust login logout agent local config generate-docs help" -f -a "login" -d 'Log in once, so that many signatures need no login'
complete -c paraph -n "__fish_paraph_using_subcommand help; and not __fish_seen_subcommand_from setup doctor whoami allow verify verify-tag verify-file show sign attest release verify-release log policy hook trust login logout agent local config generate-docs help" -f -a "logout" -d 'Remove a login, and revoke it at the issuer'
complete -c paraph -n "__fish_paraph_using_subcommand help; and not __fish_seen_subcommand_from setup doctor whoami allow verify verify-tag verify-file show sign attest release verify-release log policy hook trust login logout agent local config generate-docs help" -f -a "agent" -d 'Keep one login for many signatures'
complete -c paraph -n "__fish_paraph_using_subcommand help; and not __fish_seen_subcommand_from setup doctor whoami allow verify verify-tag verify-file show sign attest release verify-release log policy hook trust login logout agent local config generate-docs help" -f -a "local" -d 'Run a private Sigstore on this machine, for tests'
complete -c paraph -n "__fish_paraph_using_subcommand help; and not __fish_seen_subcommand_from setup doctor whoami allow verify verify-tag verify-file show sign attest release verify-release log policy hook trust login logout agent local config generate-docs help" -f -a "config" -d 'Show the effective settings and where each comes from'
complete -c paraph -n "__fish_paraph_using_subcommand help; and not __fish_seen_subcommand_from setup doctor whoami allow verify verify-tag verify-file show sign attest release verify-release log policy hook trust login logout agent local config generate-docs help" -f -a "generate-docs" -d 'Generate manual pages, completions and tables'
complete -c paraph -n "__fish_paraph_using_subcommand help; and not __fish_seen_subcommand_from setup doctor whoami allow verify verify-tag verify-file show sign attest release verify-release log policy hook trust login logout agent local config generate-docs help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c paraph -n "__fish_paraph_using_subcommand help; and __fish_seen_subcommand_from log" -f -a "get" -d 'Show an entry of the log, verified'
complete -c paraph -n "__fish_paraph_using_subcommand help; and __fish_seen_subcommand_from log" -f -a "prove" -d 'Prove that a log entry is still in its log'
complete -c paraph -n "__fish_paraph_using_subcommand help; and __fish_seen_subcommand_from policy" -f -a "init" -d 'Propose a policy from who signed until now'
complete -c paraph -n "__fish_paraph_using_subcommand help; and __fish_seen_subcommand_from policy" -f -a "check" -d 'Find mistakes in a policy file'
complete -c paraph -n "__fish_paraph_using_subcommand help; and __fish_seen_subcommand_from policy" -f -a "describe" -d 'Say in sentences who may do what'
complete -c paraph -n "__fish_paraph_using_subcommand help; and __fish_seen_subcommand_from policy" -f -a "diff" -d 'Say what a change of the policy grants and takes away'
complete -c paraph -n "__fish_paraph_using_subcommand help; and __fish_seen_subcommand_from policy" -f -a "test" -d 'Test a policy with examples, offline'
complete -c paraph -n "__fish_paraph_using_subcommand help; and __fish_seen_subcommand_from policy" -f -a "explain" -d 'Explain what the policy decides about a commit or tag'
complete -c paraph -n "__fish_paraph_using_subcommand help; and __fish_seen_subcommand_from policy" -f -a "approve" -d 'Sign an approval'
complete -c paraph -n "__fish_paraph_using_subcommand help; and __fish_seen_subcommand_from hook" -f -a "pre-receive" -d 'On a server: refuse a push for one bad object'
complete -c paraph -n "__fish_paraph_using_subcommand help; and __fish_seen_subcommand_from hook" -f -a "update" -d 'On a server: refuse each ref with a bad object'
complete -c paraph -n "__fish_paraph_using_subcommand help; and __fish_seen_subcommand_from hook" -f -a "reference-transaction" -d 'On a server: refuse to move a branch or tag to a bad object, whatever moves it'
complete -c paraph -n "__fish_paraph_using_subcommand help; and __fish_seen_subcommand_from hook" -f -a "post-merge" -d 'On your own machine: warn of what a merge brought in'
complete -c paraph -n "__fish_paraph_using_subcommand help; and __fish_seen_subcommand_from hook" -f -a "install" -d 'Install the hooks of this clone, or of a server'
complete -c paraph -n "__fish_paraph_using_subcommand help; and __fish_seen_subcommand_from hook" -f -a "uninstall" -d 'Remove the hooks that paraph installed'
complete -c paraph -n "__fish_paraph_using_subcommand help; and __fish_seen_subcommand_from hook" -f -a "pre-push" -d 'On your own machine: refuse to push a bad object'
complete -c paraph -n "__fish_paraph_using_subcommand help; and __fish_seen_subcommand_from trust" -f -a "update" -d 'Fetch the newest trust root of an instance'
complete -c paraph -n "__fish_paraph_using_subcommand help; and __fish_seen_subcommand_from trust" -f -a "status" -d 'Show the trust root in use'
complete -c paraph -n "__fish_paraph_using_subcommand help; and __fish_seen_subcommand_from trust" -f -a "initialize" -d 'Trust a new instance by its TUF repository'
complete -c paraph -n "__fish_paraph_using_subcommand help; and __fish_seen_subcommand_from trust" -f -a "import" -d 'Import a trust root from a file'
complete -c paraph -n "__fish_paraph_using_subcommand help; and __fish_seen_subcommand_from agent" -f -a "run" -d 'Run the agent in the foreground'
complete -c paraph -n "__fish_paraph_using_subcommand help; and __fish_seen_subcommand_from agent" -f -a "status" -d 'Show whether the agent runs, and its logins'
complete -c paraph -n "__fish_paraph_using_subcommand help; and __fish_seen_subcommand_from agent" -f -a "log" -d 'Show the signatures that the agent made'
complete -c paraph -n "__fish_paraph_using_subcommand help; and __fish_seen_subcommand_from agent" -f -a "lock" -d 'Wipe the agent\'s keys and tokens, and stop signing'
complete -c paraph -n "__fish_paraph_using_subcommand help; and __fish_seen_subcommand_from agent" -f -a "unlock" -d 'Let the agent sign again'
complete -c paraph -n "__fish_paraph_using_subcommand help; and __fish_seen_subcommand_from agent" -f -a "clear" -d 'Wipe the agent\'s keys and tokens'
complete -c paraph -n "__fish_paraph_using_subcommand help; and __fish_seen_subcommand_from agent" -f -a "stop" -d 'End the agent'
complete -c paraph -n "__fish_paraph_using_subcommand help; and __fish_seen_subcommand_from agent" -f -a "confirm" -d 'Approve signatures for other machines in this terminal'
complete -c paraph -n "__fish_paraph_using_subcommand help; and __fish_seen_subcommand_from agent" -f -a "socket" -d 'Print the path of the socket to forward'
complete -c paraph -n "__fish_paraph_using_subcommand help; and __fish_seen_subcommand_from local" -f -a "init" -d 'Create a local Sigstore with new keys and a port'
complete -c paraph -n "__fish_paraph_using_subcommand help; and __fish_seen_subcommand_from local" -f -a "serve" -d 'Run the local Sigstore'
complete -c paraph -n "__fish_paraph_using_subcommand help; and __fish_seen_subcommand_from local" -f -a "status" -d 'Show whether the local Sigstore runs, and where'
complete -c paraph -n "__fish_paraph_using_subcommand help; and __fish_seen_subcommand_from local" -f -a "stop" -d 'Stop the server'
complete -c paraph -n "__fish_paraph_using_subcommand help; and __fish_seen_subcommand_from local" -f -a "use" -d 'Make one repository sign and verify with the local Sigstore'
complete -c paraph -n "__fish_paraph_using_subcommand help; and __fish_seen_subcommand_from local" -f -a "token" -d 'Print an ID token, for SIGSTORE_ID_TOKEN in scripts'
complete -c paraph -n "__fish_paraph_using_subcommand help; and __fish_seen_subcommand_from local" -f -a "code" -d 'Print a code for one login on the issuer\'s page'
