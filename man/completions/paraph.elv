
use builtin;
use str;

set edit:completion:arg-completer[paraph] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'paraph'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'paraph'= {
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand setup 'Configure git to sign and verify with paraph'
            cand doctor 'Check the configuration and the services'
            cand whoami 'Show the identity and the services that sign here'
            cand allow 'Trust an identity'
            cand verify 'Verify commits and tags, offline'
            cand verify-tag 'Verify tags, offline'
            cand verify-file 'Verify files by their Sigstore bundles, offline'
            cand show 'Show the contents of a signature'
            cand sign 'Sign files, as Sigstore bundles'
            cand attest 'Sign a statement about files or revisions'
            cand release 'Sign files as the release of a signed tag'
            cand verify-release 'Verify who released files from which signed tag, offline'
            cand log 'Ask a transparency log, and verify its answers'
            cand policy 'Work with the policy of a repository'
            cand hook 'Judge a push before git accepts it, as a hook'
            cand trust 'Manage trust roots: the trusted authorities and logs'
            cand login 'Log in once, so that many signatures need no login'
            cand logout 'Remove a login, and revoke it at the issuer'
            cand agent 'Keep one login for many signatures'
            cand local 'Run a private Sigstore on this machine, for tests'
            cand config 'Show the effective settings and where each comes from'
            cand generate-docs 'Generate manual pages, completions and tables'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'paraph;setup'= {
            cand --identity 'Sign as this identity only (paraph.expectedIdentity)'
            cand --allowed-identities 'Trust the identities in this file (paraph.allowedIdentities)'
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand --global 'Configure all repositories of the user'
            cand --local 'Configure this repository, the default inside one'
            cand --always 'Sign every commit and annotated tag, not only with -S and -s'
            cand --undo 'Restore the settings from before `paraph setup`'
            cand --yes 'Do not ask for confirmation'
            cand --dry-run 'Show the changes without making them'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;doctor'= {
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand --offline 'Do not ask the services'
            cand --json 'Print the findings as JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;whoami'= {
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand --check 'Get a token and check it; nothing is sent to the certificate authority or the log, and no browser opens'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;allow'= {
            cand --from 'Take identity, issuer and instance from the signature of this commit or tag'
            cand --for 'What it may sign, separated by commas: commit, tag, push, file, attestation, release [default: commit,tag,push]'
            cand --instance 'The Sigstore instance that must vouch for it [default: public]'
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand --yes 'Do not ask for confirmation'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;verify'= {
            cand --include-ref 'With --all and --tags, include refs that are left out by default'
            cand --exclude-ref 'With --all and --tags, leave out these refs'
            cand --as 'Judge the commits as those of this ref by the policy of the repository'
            cand --format 'Print the verdicts in this format'
            cand --trusted-root 'Verify with the trust root in this file (trusted_root.json)'
            cand --instance 'Verify with the trust root of this instance'
            cand --at 'Use this time as the current time, in RFC 3339. It only decides what is in the future, and never replaces a trusted time'
            cand --certificate-identity 'The exact identity; may be repeated, with one issuer for each'
            cand --certificate-identity-regexp 'A regular expression for the whole identity'
            cand --certificate-oidc-issuer 'The exact OpenID issuer; the first belongs to the first identity, and so on'
            cand --certificate-oidc-issuer-regexp 'A regular expression for the whole issuer'
            cand --certificate-github-workflow-trigger 'The event that triggered the GitHub workflow'
            cand --certificate-github-workflow-sha 'The commit of the GitHub workflow'
            cand --certificate-github-workflow-name 'The name of the GitHub workflow'
            cand --certificate-github-workflow-repository 'The repository of the GitHub workflow'
            cand --certificate-github-workflow-ref 'The ref of the GitHub workflow'
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand --all 'Verify every commit that a ref leads to'
            cand --tags 'Verify every annotated tag that a ref leads to, and the tags inside it'
            cand --stdin 'Read the revisions from standard input, one per line'
            cand --first-parent 'In ranges, follow only the first parent of each commit'
            cand --other-signatures 'Let git''s own verifier judge OpenPGP and SSH signatures'
            cand --deep 'Also hash the trees and files of each commit'
            cand --policy 'Judge by the policy of the repository, also if only the repository''s own configuration pins it'
            cand --json 'Same as --format json'
            cand -v 'Show each object that is not good on a terminal too, instead of groups with examples'
            cand --verbose 'Show each object that is not good on a terminal too, instead of groups with examples'
            cand -q 'Print only warnings and errors; the exit code gives the result'
            cand --quiet 'Print only warnings and errors; the exit code gives the result'
            cand --cache 'Store results in the cache folder, and reuse those of earlier runs (see paraph.verdictCache)'
            cand --lookup 'Ask the logs of the trust root for entries that signatures do not embed, as in gitsign''s online mode'
            cand --allow-legacy 'Judge signatures that need a legacy rule by their identity, instead of reporting them as legacy'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;verify-tag'= {
            cand --format 'Print the verdicts in this format'
            cand --trusted-root 'Verify with the trust root in this file (trusted_root.json)'
            cand --instance 'Verify with the trust root of this instance'
            cand --at 'Use this time as the current time, in RFC 3339. It only decides what is in the future, and never replaces a trusted time'
            cand --certificate-identity 'The exact identity; may be repeated, with one issuer for each'
            cand --certificate-identity-regexp 'A regular expression for the whole identity'
            cand --certificate-oidc-issuer 'The exact OpenID issuer; the first belongs to the first identity, and so on'
            cand --certificate-oidc-issuer-regexp 'A regular expression for the whole issuer'
            cand --certificate-github-workflow-trigger 'The event that triggered the GitHub workflow'
            cand --certificate-github-workflow-sha 'The commit of the GitHub workflow'
            cand --certificate-github-workflow-name 'The name of the GitHub workflow'
            cand --certificate-github-workflow-repository 'The repository of the GitHub workflow'
            cand --certificate-github-workflow-ref 'The ref of the GitHub workflow'
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand --target 'Judge the object that the innermost tag names too'
            cand --other-signatures 'Let git''s own verifier judge OpenPGP and SSH signatures'
            cand --deep 'Also hash the trees and files of each commit'
            cand --policy 'Judge by the policy of the repository, also if only the repository''s own configuration pins it'
            cand --json 'Same as --format json'
            cand -v 'Show each object that is not good on a terminal too, instead of groups with examples'
            cand --verbose 'Show each object that is not good on a terminal too, instead of groups with examples'
            cand -q 'Print only warnings and errors; the exit code gives the result'
            cand --quiet 'Print only warnings and errors; the exit code gives the result'
            cand --cache 'Store results in the cache folder, and reuse those of earlier runs (see paraph.verdictCache)'
            cand --lookup 'Ask the logs of the trust root for entries that signatures do not embed, as in gitsign''s online mode'
            cand --allow-legacy 'Judge signatures that need a legacy rule by their identity, instead of reporting them as legacy'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;verify-file'= {
            cand --bundle 'The file with the bundle or bundles'
            cand --type 'Require a statement of this type: a URI, or a name such as slsaprovenance1, spdxjson, cyclonedx, vuln, openvex or custom'
            cand --key 'Verify with this public key (PEM) instead of an identity'
            cand --format 'Print the verdicts in this format'
            cand --trusted-root 'Verify with the trust root in this file (trusted_root.json)'
            cand --instance 'Verify with the trust root of this instance'
            cand --at 'Use this time as the current time, in RFC 3339. It only decides what is in the future, and never replaces a trusted time'
            cand --certificate-identity 'The exact identity; may be repeated, with one issuer for each'
            cand --certificate-identity-regexp 'A regular expression for the whole identity'
            cand --certificate-oidc-issuer 'The exact OpenID issuer; the first belongs to the first identity, and so on'
            cand --certificate-oidc-issuer-regexp 'A regular expression for the whole issuer'
            cand --certificate-github-workflow-trigger 'The event that triggered the GitHub workflow'
            cand --certificate-github-workflow-sha 'The commit of the GitHub workflow'
            cand --certificate-github-workflow-name 'The name of the GitHub workflow'
            cand --certificate-github-workflow-repository 'The repository of the GitHub workflow'
            cand --certificate-github-workflow-ref 'The ref of the GitHub workflow'
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand --json 'Same as --format json'
            cand -q 'Print only warnings and errors; the exit code gives the result'
            cand --quiet 'Print only warnings and errors; the exit code gives the result'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;show'= {
            cand --format 'Print in this format'
            cand -r 'The remote whose URL names the subject of an in-toto statement'
            cand --remote 'The remote whose URL names the subject of an in-toto statement'
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand --json 'Same as --format json'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;sign'= {
            cand --statement 'Sign this in-toto statement, byte for byte'
            cand --bundle 'Write the bundle to this file. It is needed for standard input and digests, and possible for one file only'
            cand --instance 'Sign with the services of this instance'
            cand --trusted-root 'Check the signature with the trust root in this file (trusted_root.json)'
            cand --signing-config 'Sign with the services in this file (signing_config.json)'
            cand --identity-token 'Sign with this identity token. Other users of this machine can see it; SIGSTORE_ID_TOKEN hides it'
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand --force 'Replace an existing bundle'
            cand --json 'Print a JSON object for each signature'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;attest'= {
            cand --type 'The type of the predicate: a URI, or spdxjson, cyclonedx, slsaprovenance1, slsaprovenance, vuln, openvex, link or custom'
            cand --predicate 'The file with the predicate; `-` is standard input'
            cand --bundle 'Write the bundle to this file'
            cand --instance 'Sign with the services of this instance'
            cand --trusted-root 'Check the signature with the trust root in this file (trusted_root.json)'
            cand --signing-config 'Sign with the services in this file (signing_config.json)'
            cand --identity-token 'Sign with this identity token. Other users of this machine can see it; SIGSTORE_ID_TOKEN hides it'
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand --rev 'The subjects are git revisions: commits, tags or trees'
            cand --force 'Replace an existing bundle'
            cand --json 'Print a JSON object for each signature'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;release'= {
            cand --output 'Write the bundle to this file; by default TAG.sigstore.json, with `-` for each `/` of the tag'
            cand --instance 'Sign with the services of this instance'
            cand --trusted-root 'Check the signature with the trust root in this file (trusted_root.json)'
            cand --signing-config 'Sign with the services in this file (signing_config.json)'
            cand --identity-token 'Sign with this identity token. Other users of this machine can see it; SIGSTORE_ID_TOKEN hides it'
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand --any-worktree 'Accept another HEAD and modified files'
            cand --force 'Replace an existing bundle'
            cand --json 'Print a JSON object for each signature'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;verify-release'= {
            cand --tag 'The name that the tag must have'
            cand --bundle 'The bundle of the release'
            cand --trusted-root 'Verify with the trust root in this file (trusted_root.json)'
            cand --instance 'Verify with the trust root of this instance'
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand --json 'Print a JSON object for each file'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;log'= {
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand get 'Show an entry of the log, verified'
            cand prove 'Prove that a log entry is still in its log'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'paraph;log;get'= {
            cand --rekor-version 'The version of the log''s API: 1 or 2'
            cand --rekor-url 'The address of the log'
            cand --instance 'Use this instance: its log and its trust root'
            cand --trusted-root 'Verify with the trust root in this file (trusted_root.json)'
            cand --timeout 'The limit for one request, in seconds'
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand --json 'Print JSON: see man/json.md'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;log;prove'= {
            cand --key 'The public key (PEM) of a bundle that was signed with a key'
            cand --rekor-url 'The address of the log'
            cand --instance 'Use this instance: its log and its trust root'
            cand --trusted-root 'Verify with the trust root in this file (trusted_root.json)'
            cand --timeout 'The limit for one request, in seconds'
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand --json 'Print JSON: see man/json.md'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;log;help'= {
            cand get 'Show an entry of the log, verified'
            cand prove 'Prove that a log entry is still in its log'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'paraph;log;help;get'= {
        }
        &'paraph;log;help;prove'= {
        }
        &'paraph;log;help;help'= {
        }
        &'paraph;policy'= {
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand init 'Propose a policy from who signed until now'
            cand check 'Find mistakes in a policy file'
            cand describe 'Say in sentences who may do what'
            cand diff 'Say what a change of the policy grants and takes away'
            cand test 'Test a policy with examples, offline'
            cand explain 'Explain what the policy decides about a commit or tag'
            cand approve 'Sign an approval'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'paraph;policy;init'= {
            cand --since 'How far back to read, as git reads --since'
            cand -o 'Write a file that does not exist yet, instead of standard output'
            cand --output 'Write a file that does not exist yet, instead of standard output'
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand --other-signatures 'Let git''s own verifier judge OpenPGP and SSH signatures'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;policy;check'= {
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;policy;describe'= {
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;policy;diff'= {
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;policy;test'= {
            cand --policy 'The policy: a file, or a commit [default: .paraph/policy.toml of the work tree]'
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;policy;explain'= {
            cand --as 'Judge it as a commit of this ref'
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand --other-signatures 'Let git''s own verifier judge OpenPGP and SSH signatures'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;policy;approve'= {
            cand --tag-object 'Approve the tag object in this file, as `git cat-file tag` prints it; `-` is standard input'
            cand --name 'The last part of the approval''s name [default: from user.email]'
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand --yes 'Do not ask for confirmation'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;policy;help'= {
            cand init 'Propose a policy from who signed until now'
            cand check 'Find mistakes in a policy file'
            cand describe 'Say in sentences who may do what'
            cand diff 'Say what a change of the policy grants and takes away'
            cand test 'Test a policy with examples, offline'
            cand explain 'Explain what the policy decides about a commit or tag'
            cand approve 'Sign an approval'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'paraph;policy;help;init'= {
        }
        &'paraph;policy;help;check'= {
        }
        &'paraph;policy;help;describe'= {
        }
        &'paraph;policy;help;diff'= {
        }
        &'paraph;policy;help;test'= {
        }
        &'paraph;policy;help;explain'= {
        }
        &'paraph;policy;help;approve'= {
        }
        &'paraph;policy;help;help'= {
        }
        &'paraph;hook'= {
            cand --deadline 'Of hooks that judge a push: refuse it after this time'
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand pre-receive 'On a server: refuse a push for one bad object'
            cand update 'On a server: refuse each ref with a bad object'
            cand reference-transaction 'On a server: refuse to move a branch or tag to a bad object, whatever moves it'
            cand post-merge 'On your own machine: warn of what a merge brought in'
            cand install 'Install the hooks of this clone, or of a server'
            cand uninstall 'Remove the hooks that paraph installed'
            cand pre-push 'On your own machine: refuse to push a bad object'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'paraph;hook;pre-receive'= {
            cand --deadline 'Of hooks that judge a push: refuse it after this time'
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;hook;update'= {
            cand --deadline 'Of hooks that judge a push: refuse it after this time'
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;hook;reference-transaction'= {
            cand --deadline 'Of hooks that judge a push: refuse it after this time'
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;hook;post-merge'= {
            cand --deadline 'Of hooks that judge a push: refuse it after this time'
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;hook;install'= {
            cand --deadline 'Of hooks that judge a push: refuse it after this time'
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand --server 'Install the hooks of a server'
            cand --policy 'Also install `post-merge`, or `reference-transaction` on a server. A policy must be pinned'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;hook;uninstall'= {
            cand --deadline 'Of hooks that judge a push: refuse it after this time'
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;hook;pre-push'= {
            cand --deadline 'Of hooks that judge a push: refuse it after this time'
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;hook;help'= {
            cand pre-receive 'On a server: refuse a push for one bad object'
            cand update 'On a server: refuse each ref with a bad object'
            cand reference-transaction 'On a server: refuse to move a branch or tag to a bad object, whatever moves it'
            cand post-merge 'On your own machine: warn of what a merge brought in'
            cand install 'Install the hooks of this clone, or of a server'
            cand uninstall 'Remove the hooks that paraph installed'
            cand pre-push 'On your own machine: refuse to push a bad object'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'paraph;hook;help;pre-receive'= {
        }
        &'paraph;hook;help;update'= {
        }
        &'paraph;hook;help;reference-transaction'= {
        }
        &'paraph;hook;help;post-merge'= {
        }
        &'paraph;hook;help;install'= {
        }
        &'paraph;hook;help;uninstall'= {
        }
        &'paraph;hook;help;pre-push'= {
        }
        &'paraph;hook;help;help'= {
        }
        &'paraph;trust'= {
            cand --instance 'Manage this instance instead of the one in use'
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand update 'Fetch the newest trust root of an instance'
            cand status 'Show the trust root in use'
            cand initialize 'Trust a new instance by its TUF repository'
            cand import 'Import a trust root from a file'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'paraph;trust;update'= {
            cand --instance 'Manage this instance instead of the one in use'
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;trust;status'= {
            cand --instance 'Manage this instance instead of the one in use'
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand --json 'Print the trust root as JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;trust;initialize'= {
            cand --mirror 'The URL of the TUF repository'
            cand --root 'The file with the TUF root (root.json)'
            cand --instance 'Manage this instance instead of the one in use'
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;trust;import'= {
            cand --instance 'Manage this instance instead of the one in use'
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;trust;help'= {
            cand update 'Fetch the newest trust root of an instance'
            cand status 'Show the trust root in use'
            cand initialize 'Trust a new instance by its TUF repository'
            cand import 'Import a trust root from a file'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'paraph;trust;help;update'= {
        }
        &'paraph;trust;help;status'= {
        }
        &'paraph;trust;help;initialize'= {
        }
        &'paraph;trust;help;import'= {
        }
        &'paraph;trust;help;help'= {
        }
        &'paraph;login'= {
            cand --instance 'The instance, or a name to approve the configured services under'
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;logout'= {
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;agent'= {
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand run 'Run the agent in the foreground'
            cand status 'Show whether the agent runs, and its logins'
            cand log 'Show the signatures that the agent made'
            cand lock 'Wipe the agent''s keys and tokens, and stop signing'
            cand unlock 'Let the agent sign again'
            cand clear 'Wipe the agent''s keys and tokens'
            cand stop 'End the agent'
            cand confirm 'Approve signatures for other machines in this terminal'
            cand socket 'Print the path of the socket to forward'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'paraph;agent;run'= {
            cand --answer-timeout 'For tests only: how many seconds a question waits for its answer'
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand --detached 'Used when a client starts it: it runs in its own session'
            cand --readable-memory 'For tests only: other processes of the user can read its memory'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;agent;status'= {
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand --json 'Print JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;agent;log'= {
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand --json 'Print each signature as a JSON object on one line'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;agent;lock'= {
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;agent;unlock'= {
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;agent;clear'= {
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;agent;stop'= {
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;agent;confirm'= {
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;agent;socket'= {
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;agent;help'= {
            cand run 'Run the agent in the foreground'
            cand status 'Show whether the agent runs, and its logins'
            cand log 'Show the signatures that the agent made'
            cand lock 'Wipe the agent''s keys and tokens, and stop signing'
            cand unlock 'Let the agent sign again'
            cand clear 'Wipe the agent''s keys and tokens'
            cand stop 'End the agent'
            cand confirm 'Approve signatures for other machines in this terminal'
            cand socket 'Print the path of the socket to forward'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'paraph;agent;help;run'= {
        }
        &'paraph;agent;help;status'= {
        }
        &'paraph;agent;help;log'= {
        }
        &'paraph;agent;help;lock'= {
        }
        &'paraph;agent;help;unlock'= {
        }
        &'paraph;agent;help;clear'= {
        }
        &'paraph;agent;help;stop'= {
        }
        &'paraph;agent;help;confirm'= {
        }
        &'paraph;agent;help;socket'= {
        }
        &'paraph;agent;help;help'= {
        }
        &'paraph;local'= {
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand init 'Create a local Sigstore with new keys and a port'
            cand serve 'Run the local Sigstore'
            cand status 'Show whether the local Sigstore runs, and where'
            cand stop 'Stop the server'
            cand use 'Make one repository sign and verify with the local Sigstore'
            cand token 'Print an ID token, for SIGSTORE_ID_TOKEN in scripts'
            cand code 'Print a code for one login on the issuer''s page'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'paraph;local;init'= {
            cand --token-algorithm 'The signature algorithm of ID tokens'
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;local;serve'= {
            cand --dir 'The folder of the local Sigstore [default: paraph/local in your data folder]'
            cand --certificate-lifetime 'For tests: the validity period of certificates'
            cand --fault 'For tests: make a service fail, wait or lie (repeatable)'
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand --background 'Run in the background, and return when it is ready'
            cand --detached 'Set by `--background` for the process that it starts'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;local;status'= {
            cand --dir 'The folder of the local Sigstore [default: paraph/local in your data folder]'
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand --json 'Print the status as JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;local;stop'= {
            cand --dir 'The folder of the local Sigstore [default: paraph/local in your data folder]'
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;local;use'= {
            cand --dir 'The folder of the local Sigstore [default: paraph/local in your data folder]'
            cand --repository 'The repository'
            cand --email 'The address to sign with [default: the committer''s address]'
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand --undo 'Restore the settings from before `paraph local use`'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;local;token'= {
            cand --dir 'The folder of the local Sigstore [default: paraph/local in your data folder]'
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;local;code'= {
            cand --dir 'The folder of the local Sigstore [default: paraph/local in your data folder]'
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;local;help'= {
            cand init 'Create a local Sigstore with new keys and a port'
            cand serve 'Run the local Sigstore'
            cand status 'Show whether the local Sigstore runs, and where'
            cand stop 'Stop the server'
            cand use 'Make one repository sign and verify with the local Sigstore'
            cand token 'Print an ID token, for SIGSTORE_ID_TOKEN in scripts'
            cand code 'Print a code for one login on the issuer''s page'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'paraph;local;help;init'= {
        }
        &'paraph;local;help;serve'= {
        }
        &'paraph;local;help;status'= {
        }
        &'paraph;local;help;stop'= {
        }
        &'paraph;local;help;use'= {
        }
        &'paraph;local;help;token'= {
        }
        &'paraph;local;help;code'= {
        }
        &'paraph;local;help;help'= {
        }
        &'paraph;config'= {
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand --json 'Print the settings as JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;generate-docs'= {
            cand -C 'Run in this folder; if repeated, each is relative to the one before, as in git'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;help'= {
            cand setup 'Configure git to sign and verify with paraph'
            cand doctor 'Check the configuration and the services'
            cand whoami 'Show the identity and the services that sign here'
            cand allow 'Trust an identity'
            cand verify 'Verify commits and tags, offline'
            cand verify-tag 'Verify tags, offline'
            cand verify-file 'Verify files by their Sigstore bundles, offline'
            cand show 'Show the contents of a signature'
            cand sign 'Sign files, as Sigstore bundles'
            cand attest 'Sign a statement about files or revisions'
            cand release 'Sign files as the release of a signed tag'
            cand verify-release 'Verify who released files from which signed tag, offline'
            cand log 'Ask a transparency log, and verify its answers'
            cand policy 'Work with the policy of a repository'
            cand hook 'Judge a push before git accepts it, as a hook'
            cand trust 'Manage trust roots: the trusted authorities and logs'
            cand login 'Log in once, so that many signatures need no login'
            cand logout 'Remove a login, and revoke it at the issuer'
            cand agent 'Keep one login for many signatures'
            cand local 'Run a private Sigstore on this machine, for tests'
            cand config 'Show the effective settings and where each comes from'
            cand generate-docs 'Generate manual pages, completions and tables'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'paraph;help;setup'= {
        }
        &'paraph;help;doctor'= {
        }
        &'paraph;help;whoami'= {
        }
        &'paraph;help;allow'= {
        }
        &'paraph;help;verify'= {
        }
        &'paraph;help;verify-tag'= {
        }
        &'paraph;help;verify-file'= {
        }
        &'paraph;help;show'= {
        }
        &'paraph;help;sign'= {
        }
        &'paraph;help;attest'= {
        }
        &'paraph;help;release'= {
        }
        &'paraph;help;verify-release'= {
        }
        &'paraph;help;log'= {
            cand get 'Show an entry of the log, verified'
            cand prove 'Prove that a log entry is still in its log'
        }
        &'paraph;help;log;get'= {
        }
        &'paraph;help;log;prove'= {
        }
        &'paraph;help;policy'= {
            cand init 'Propose a policy from who signed until now'
            cand check 'Find mistakes in a policy file'
            cand describe 'Say in sentences who may do what'
            cand diff 'Say what a change of the policy grants and takes away'
            cand test 'Test a policy with examples, offline'
            cand explain 'Explain what the policy decides about a commit or tag'
            cand approve 'Sign an approval'
        }
        &'paraph;help;policy;init'= {
        }
        &'paraph;help;policy;check'= {
        }
        &'paraph;help;policy;describe'= {
        }
        &'paraph;help;policy;diff'= {
        }
        &'paraph;help;policy;test'= {
        }
        &'paraph;help;policy;explain'= {
        }
        &'paraph;help;policy;approve'= {
        }
        &'paraph;help;hook'= {
            cand pre-receive 'On a server: refuse a push for one bad object'
            cand update 'On a server: refuse each ref with a bad object'
            cand reference-transaction 'On a server: refuse to move a branch or tag to a bad object, whatever moves it'
            cand post-merge 'On your own machine: warn of what a merge brought in'
            cand install 'Install the hooks of this clone, or of a server'
            cand uninstall 'Remove the hooks that paraph installed'
            cand pre-push 'On your own machine: refuse to push a bad object'
        }
        &'paraph;help;hook;pre-receive'= {
        }
        &'paraph;help;hook;update'= {
        }
        &'paraph;help;hook;reference-transaction'= {
        }
        &'paraph;help;hook;post-merge'= {
        }
        &'paraph;help;hook;install'= {
        }
        &'paraph;help;hook;uninstall'= {
        }
        &'paraph;help;hook;pre-push'= {
        }
        &'paraph;help;trust'= {
            cand update 'Fetch the newest trust root of an instance'
            cand status 'Show the trust root in use'
            cand initialize 'Trust a new instance by its TUF repository'
            cand import 'Import a trust root from a file'
        }
        &'paraph;help;trust;update'= {
        }
        &'paraph;help;trust;status'= {
        }
        &'paraph;help;trust;initialize'= {
        }
        &'paraph;help;trust;import'= {
        }
        &'paraph;help;login'= {
        }
        &'paraph;help;logout'= {
        }
        &'paraph;help;agent'= {
            cand run 'Run the agent in the foreground'
            cand status 'Show whether the agent runs, and its logins'
            cand log 'Show the signatures that the agent made'
            cand lock 'Wipe the agent''s keys and tokens, and stop signing'
            cand unlock 'Let the agent sign again'
            cand clear 'Wipe the agent''s keys and tokens'
            cand stop 'End the agent'
            cand confirm 'Approve signatures for other machines in this terminal'
            cand socket 'Print the path of the socket to forward'
        }
        &'paraph;help;agent;run'= {
        }
        &'paraph;help;agent;status'= {
        }
        &'paraph;help;agent;log'= {
        }
        &'paraph;help;agent;lock'= {
        }
        &'paraph;help;agent;unlock'= {
        }
        &'paraph;help;agent;clear'= {
        }
        &'paraph;help;agent;stop'= {
        }
        &'paraph;help;agent;confirm'= {
        }
        &'paraph;help;agent;socket'= {
        }
        &'paraph;help;local'= {
            cand init 'Create a local Sigstore with new keys and a port'
            cand serve 'Run the local Sigstore'
            cand status 'Show whether the local Sigstore runs, and where'
            cand stop 'Stop the server'
            cand use 'Make one repository sign and verify with the local Sigstore'
            cand token 'Print an ID token, for SIGSTORE_ID_TOKEN in scripts'
            cand code 'Print a code for one login on the issuer''s page'
        }
        &'paraph;help;local;init'= {
        }
        &'paraph;help;local;serve'= {
        }
        &'paraph;help;local;status'= {
        }
        &'paraph;help;local;stop'= {
        }
        &'paraph;help;local;use'= {
        }
        &'paraph;help;local;token'= {
        }
        &'paraph;help;local;code'= {
        }
        &'paraph;help;config'= {
        }
        &'paraph;help;generate-docs'= {
        }
        &'paraph;help;help'= {
        }
    ]
    $completions[$command]
}
