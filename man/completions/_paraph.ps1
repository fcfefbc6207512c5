
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'paraph' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'paraph'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'paraph' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('setup', 'setup', [CompletionResultType]::ParameterValue, 'Configure git to sign and verify with paraph')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Check the configuration and the services')
            [CompletionResult]::new('whoami', 'whoami', [CompletionResultType]::ParameterValue, 'Show the identity and the services that sign here')
            [CompletionResult]::new('allow', 'allow', [CompletionResultType]::ParameterValue, 'Trust an identity')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Verify commits and tags, offline')
            [CompletionResult]::new('verify-tag', 'verify-tag', [CompletionResultType]::ParameterValue, 'Verify tags, offline')
            [CompletionResult]::new('verify-file', 'verify-file', [CompletionResultType]::ParameterValue, 'Verify files by their Sigstore bundles, offline')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show the contents of a signature')
            [CompletionResult]::new('sign', 'sign', [CompletionResultType]::ParameterValue, 'Sign files, as Sigstore bundles')
            [CompletionResult]::new('attest', 'attest', [CompletionResultType]::ParameterValue, 'Sign a statement about files or revisions')
            [CompletionResult]::new('release', 'release', [CompletionResultType]::ParameterValue, 'Sign files as the release of a signed tag')
            [CompletionResult]::new('verify-release', 'verify-release', [CompletionResultType]::ParameterValue, 'Verify who released files from which signed tag, offline')
            [CompletionResult]::new('log', 'log', [CompletionResultType]::ParameterValue, 'Ask a transparency log, and verify its answers')
            [CompletionResult]::new('policy', 'policy', [CompletionResultType]::ParameterValue, 'Work with the policy of a repository')
            [CompletionResult]::new('hook', 'hook', [CompletionResultType]::ParameterValue, 'Judge a push before git accepts it, as a hook')
            [CompletionResult]::new('trust', 'trust', [CompletionResultType]::ParameterValue, 'Manage trust roots: the trusted authorities and logs')
            [CompletionResult]::new('login', 'login', [CompletionResultType]::ParameterValue, 'Log in once, so that many signatures need no login')
            [CompletionResult]::new('logout', 'logout', [CompletionResultType]::ParameterValue, 'Remove a login, and revoke it at the issuer')
            [CompletionResult]::new('agent', 'agent', [CompletionResultType]::ParameterValue, 'Keep one login for many signatures')
            [CompletionResult]::new('local', 'local', [CompletionResultType]::ParameterValue, 'Run a private Sigstore on this machine, for tests')
            [CompletionResult]::new('config', 'config', [CompletionResultType]::ParameterValue, 'Show the effective settings and where each comes from')
            [CompletionResult]::new('generate-docs', 'generate-docs', [CompletionResultType]::ParameterValue, 'Generate manual pages, completions and tables')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'paraph;setup' {
            [CompletionResult]::new('--identity', '--identity', [CompletionResultType]::ParameterName, 'Sign as this identity only (paraph.expectedIdentity)')
            [CompletionResult]::new('--allowed-identities', '--allowed-identities', [CompletionResultType]::ParameterName, 'Trust the identities in this file (paraph.allowedIdentities)')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('--global', '--global', [CompletionResultType]::ParameterName, 'Configure all repositories of the user')
            [CompletionResult]::new('--local', '--local', [CompletionResultType]::ParameterName, 'Configure this repository, the default inside one')
            [CompletionResult]::new('--always', '--always', [CompletionResultType]::ParameterName, 'Sign every commit and annotated tag, not only with -S and -s')
            [CompletionResult]::new('--undo', '--undo', [CompletionResultType]::ParameterName, 'Restore the settings from before `paraph setup`')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask for confirmation')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show the changes without making them')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;doctor' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Do not ask the services')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the findings as JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;whoami' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Get a token and check it; nothing is sent to the certificate authority or the log, and no browser opens')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;allow' {
            [CompletionResult]::new('--from', '--from', [CompletionResultType]::ParameterName, 'Take identity, issuer and instance from the signature of this commit or tag')
            [CompletionResult]::new('--for', '--for', [CompletionResultType]::ParameterName, 'What it may sign, separated by commas: commit, tag, push, file, attestation, release [default: commit,tag,push]')
            [CompletionResult]::new('--instance', '--instance', [CompletionResultType]::ParameterName, 'The Sigstore instance that must vouch for it [default: public]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask for confirmation')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;verify' {
            [CompletionResult]::new('--include-ref', '--include-ref', [CompletionResultType]::ParameterName, 'With --all and --tags, include refs that are left out by default')
            [CompletionResult]::new('--exclude-ref', '--exclude-ref', [CompletionResultType]::ParameterName, 'With --all and --tags, leave out these refs')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'Judge the commits as those of this ref by the policy of the repository')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Print the verdicts in this format')
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Verify with the trust root in this file (trusted_root.json)')
            [CompletionResult]::new('--instance', '--instance', [CompletionResultType]::ParameterName, 'Verify with the trust root of this instance')
            [CompletionResult]::new('--at', '--at', [CompletionResultType]::ParameterName, 'Use this time as the current time, in RFC 3339. It only decides what is in the future, and never replaces a trusted time')
            [CompletionResult]::new('--certificate-identity', '--certificate-identity', [CompletionResultType]::ParameterName, 'The exact identity; may be repeated, with one issuer for each')
            [CompletionResult]::new('--certificate-identity-regexp', '--certificate-identity-regexp', [CompletionResultType]::ParameterName, 'A regular expression for the whole identity')
            [CompletionResult]::new('--certificate-oidc-issuer', '--certificate-oidc-issuer', [CompletionResultType]::ParameterName, 'The exact OpenID issuer; the first belongs to the first identity, and so on')
            [CompletionResult]::new('--certificate-oidc-issuer-regexp', '--certificate-oidc-issuer-regexp', [CompletionResultType]::ParameterName, 'A regular expression for the whole issuer')
            [CompletionResult]::new('--certificate-github-workflow-trigger', '--certificate-github-workflow-trigger', [CompletionResultType]::ParameterName, 'The event that triggered the GitHub workflow')
            [CompletionResult]::new('--certificate-github-workflow-sha', '--certificate-github-workflow-sha', [CompletionResultType]::ParameterName, 'The commit of the GitHub workflow')
            [CompletionResult]::new('--certificate-github-workflow-name', '--certificate-github-workflow-name', [CompletionResultType]::ParameterName, 'The name of the GitHub workflow')
            [CompletionResult]::new('--certificate-github-workflow-repository', '--certificate-github-workflow-repository', [CompletionResultType]::ParameterName, 'The repository of the GitHub workflow')
            [CompletionResult]::new('--certificate-github-workflow-ref', '--certificate-github-workflow-ref', [CompletionResultType]::ParameterName, 'The ref of the GitHub workflow')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Verify every commit that a ref leads to')
            [CompletionResult]::new('--tags', '--tags', [CompletionResultType]::ParameterName, 'Verify every annotated tag that a ref leads to, and the tags inside it')
            [CompletionResult]::new('--stdin', '--stdin', [CompletionResultType]::ParameterName, 'Read the revisions from standard input, one per line')
            [CompletionResult]::new('--first-parent', '--first-parent', [CompletionResultType]::ParameterName, 'In ranges, follow only the first parent of each commit')
            [CompletionResult]::new('--other-signatures', '--other-signatures', [CompletionResultType]::ParameterName, 'Let git''s own verifier judge OpenPGP and SSH signatures')
            [CompletionResult]::new('--deep', '--deep', [CompletionResultType]::ParameterName, 'Also hash the trees and files of each commit')
            [CompletionResult]::new('--policy', '--policy', [CompletionResultType]::ParameterName, 'Judge by the policy of the repository, also if only the repository''s own configuration pins it')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Same as --format json')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show each object that is not good on a terminal too, instead of groups with examples')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show each object that is not good on a terminal too, instead of groups with examples')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only warnings and errors; the exit code gives the result')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only warnings and errors; the exit code gives the result')
            [CompletionResult]::new('--cache', '--cache', [CompletionResultType]::ParameterName, 'Store results in the cache folder, and reuse those of earlier runs (see paraph.verdictCache)')
            [CompletionResult]::new('--lookup', '--lookup', [CompletionResultType]::ParameterName, 'Ask the logs of the trust root for entries that signatures do not embed, as in gitsign''s online mode')
            [CompletionResult]::new('--allow-legacy', '--allow-legacy', [CompletionResultType]::ParameterName, 'Judge signatures that need a legacy rule by their identity, instead of reporting them as legacy')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;verify-tag' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Print the verdicts in this format')
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Verify with the trust root in this file (trusted_root.json)')
            [CompletionResult]::new('--instance', '--instance', [CompletionResultType]::ParameterName, 'Verify with the trust root of this instance')
            [CompletionResult]::new('--at', '--at', [CompletionResultType]::ParameterName, 'Use this time as the current time, in RFC 3339. It only decides what is in the future, and never replaces a trusted time')
            [CompletionResult]::new('--certificate-identity', '--certificate-identity', [CompletionResultType]::ParameterName, 'The exact identity; may be repeated, with one issuer for each')
            [CompletionResult]::new('--certificate-identity-regexp', '--certificate-identity-regexp', [CompletionResultType]::ParameterName, 'A regular expression for the whole identity')
            [CompletionResult]::new('--certificate-oidc-issuer', '--certificate-oidc-issuer', [CompletionResultType]::ParameterName, 'The exact OpenID issuer; the first belongs to the first identity, and so on')
            [CompletionResult]::new('--certificate-oidc-issuer-regexp', '--certificate-oidc-issuer-regexp', [CompletionResultType]::ParameterName, 'A regular expression for the whole issuer')
            [CompletionResult]::new('--certificate-github-workflow-trigger', '--certificate-github-workflow-trigger', [CompletionResultType]::ParameterName, 'The event that triggered the GitHub workflow')
            [CompletionResult]::new('--certificate-github-workflow-sha', '--certificate-github-workflow-sha', [CompletionResultType]::ParameterName, 'The commit of the GitHub workflow')
            [CompletionResult]::new('--certificate-github-workflow-name', '--certificate-github-workflow-name', [CompletionResultType]::ParameterName, 'The name of the GitHub workflow')
            [CompletionResult]::new('--certificate-github-workflow-repository', '--certificate-github-workflow-repository', [CompletionResultType]::ParameterName, 'The repository of the GitHub workflow')
            [CompletionResult]::new('--certificate-github-workflow-ref', '--certificate-github-workflow-ref', [CompletionResultType]::ParameterName, 'The ref of the GitHub workflow')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('--target', '--target', [CompletionResultType]::ParameterName, 'Judge the object that the innermost tag names too')
            [CompletionResult]::new('--other-signatures', '--other-signatures', [CompletionResultType]::ParameterName, 'Let git''s own verifier judge OpenPGP and SSH signatures')
            [CompletionResult]::new('--deep', '--deep', [CompletionResultType]::ParameterName, 'Also hash the trees and files of each commit')
            [CompletionResult]::new('--policy', '--policy', [CompletionResultType]::ParameterName, 'Judge by the policy of the repository, also if only the repository''s own configuration pins it')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Same as --format json')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Show each object that is not good on a terminal too, instead of groups with examples')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Show each object that is not good on a terminal too, instead of groups with examples')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only warnings and errors; the exit code gives the result')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only warnings and errors; the exit code gives the result')
            [CompletionResult]::new('--cache', '--cache', [CompletionResultType]::ParameterName, 'Store results in the cache folder, and reuse those of earlier runs (see paraph.verdictCache)')
            [CompletionResult]::new('--lookup', '--lookup', [CompletionResultType]::ParameterName, 'Ask the logs of the trust root for entries that signatures do not embed, as in gitsign''s online mode')
            [CompletionResult]::new('--allow-legacy', '--allow-legacy', [CompletionResultType]::ParameterName, 'Judge signatures that need a legacy rule by their identity, instead of reporting them as legacy')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;verify-file' {
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'The file with the bundle or bundles')
            [CompletionResult]::new('--type', '--type', [CompletionResultType]::ParameterName, 'Require a statement of this type: a URI, or a name such as slsaprovenance1, spdxjson, cyclonedx, vuln, openvex or custom')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'Verify with this public key (PEM) instead of an identity')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Print the verdicts in this format')
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Verify with the trust root in this file (trusted_root.json)')
            [CompletionResult]::new('--instance', '--instance', [CompletionResultType]::ParameterName, 'Verify with the trust root of this instance')
            [CompletionResult]::new('--at', '--at', [CompletionResultType]::ParameterName, 'Use this time as the current time, in RFC 3339. It only decides what is in the future, and never replaces a trusted time')
            [CompletionResult]::new('--certificate-identity', '--certificate-identity', [CompletionResultType]::ParameterName, 'The exact identity; may be repeated, with one issuer for each')
            [CompletionResult]::new('--certificate-identity-regexp', '--certificate-identity-regexp', [CompletionResultType]::ParameterName, 'A regular expression for the whole identity')
            [CompletionResult]::new('--certificate-oidc-issuer', '--certificate-oidc-issuer', [CompletionResultType]::ParameterName, 'The exact OpenID issuer; the first belongs to the first identity, and so on')
            [CompletionResult]::new('--certificate-oidc-issuer-regexp', '--certificate-oidc-issuer-regexp', [CompletionResultType]::ParameterName, 'A regular expression for the whole issuer')
            [CompletionResult]::new('--certificate-github-workflow-trigger', '--certificate-github-workflow-trigger', [CompletionResultType]::ParameterName, 'The event that triggered the GitHub workflow')
            [CompletionResult]::new('--certificate-github-workflow-sha', '--certificate-github-workflow-sha', [CompletionResultType]::ParameterName, 'The commit of the GitHub workflow')
            [CompletionResult]::new('--certificate-github-workflow-name', '--certificate-github-workflow-name', [CompletionResultType]::ParameterName, 'The name of the GitHub workflow')
            [CompletionResult]::new('--certificate-github-workflow-repository', '--certificate-github-workflow-repository', [CompletionResultType]::ParameterName, 'The repository of the GitHub workflow')
            [CompletionResult]::new('--certificate-github-workflow-ref', '--certificate-github-workflow-ref', [CompletionResultType]::ParameterName, 'The ref of the GitHub workflow')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Same as --format json')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only warnings and errors; the exit code gives the result')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only warnings and errors; the exit code gives the result')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;show' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Print in this format')
            [CompletionResult]::new('-r', '-r', [CompletionResultType]::ParameterName, 'The remote whose URL names the subject of an in-toto statement')
            [CompletionResult]::new('--remote', '--remote', [CompletionResultType]::ParameterName, 'The remote whose URL names the subject of an in-toto statement')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Same as --format json')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;sign' {
            [CompletionResult]::new('--statement', '--statement', [CompletionResultType]::ParameterName, 'Sign this in-toto statement, byte for byte')
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'Write the bundle to this file. It is needed for standard input and digests, and possible for one file only')
            [CompletionResult]::new('--instance', '--instance', [CompletionResultType]::ParameterName, 'Sign with the services of this instance')
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Check the signature with the trust root in this file (trusted_root.json)')
            [CompletionResult]::new('--signing-config', '--signing-config', [CompletionResultType]::ParameterName, 'Sign with the services in this file (signing_config.json)')
            [CompletionResult]::new('--identity-token', '--identity-token', [CompletionResultType]::ParameterName, 'Sign with this identity token. Other users of this machine can see it; SIGSTORE_ID_TOKEN hides it')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace an existing bundle')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print a JSON object for each signature')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;attest' {
            [CompletionResult]::new('--type', '--type', [CompletionResultType]::ParameterName, 'The type of the predicate: a URI, or spdxjson, cyclonedx, slsaprovenance1, slsaprovenance, vuln, openvex, link or custom')
            [CompletionResult]::new('--predicate', '--predicate', [CompletionResultType]::ParameterName, 'The file with the predicate; `-` is standard input')
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'Write the bundle to this file')
            [CompletionResult]::new('--instance', '--instance', [CompletionResultType]::ParameterName, 'Sign with the services of this instance')
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Check the signature with the trust root in this file (trusted_root.json)')
            [CompletionResult]::new('--signing-config', '--signing-config', [CompletionResultType]::ParameterName, 'Sign with the services in this file (signing_config.json)')
            [CompletionResult]::new('--identity-token', '--identity-token', [CompletionResultType]::ParameterName, 'Sign with this identity token. Other users of this machine can see it; SIGSTORE_ID_TOKEN hides it')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('--rev', '--rev', [CompletionResultType]::ParameterName, 'The subjects are git revisions: commits, tags or trees')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace an existing bundle')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print a JSON object for each signature')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;release' {
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write the bundle to this file; by default TAG.sigstore.json, with `-` for each `/` of the tag')
            [CompletionResult]::new('--instance', '--instance', [CompletionResultType]::ParameterName, 'Sign with the services of this instance')
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Check the signature with the trust root in this file (trusted_root.json)')
            [CompletionResult]::new('--signing-config', '--signing-config', [CompletionResultType]::ParameterName, 'Sign with the services in this file (signing_config.json)')
            [CompletionResult]::new('--identity-token', '--identity-token', [CompletionResultType]::ParameterName, 'Sign with this identity token. Other users of this machine can see it; SIGSTORE_ID_TOKEN hides it')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('--any-worktree', '--any-worktree', [CompletionResultType]::ParameterName, 'Accept another HEAD and modified files')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace an existing bundle')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print a JSON object for each signature')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;verify-release' {
            [CompletionResult]::new('--tag', '--tag', [CompletionResultType]::ParameterName, 'The name that the tag must have')
            [CompletionResult]::new('--bundle', '--bundle', [CompletionResultType]::ParameterName, 'The bundle of the release')
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Verify with the trust root in this file (trusted_root.json)')
            [CompletionResult]::new('--instance', '--instance', [CompletionResultType]::ParameterName, 'Verify with the trust root of this instance')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print a JSON object for each file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;log' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('get', 'get', [CompletionResultType]::ParameterValue, 'Show an entry of the log, verified')
            [CompletionResult]::new('prove', 'prove', [CompletionResultType]::ParameterValue, 'Prove that a log entry is still in its log')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'paraph;log;get' {
            [CompletionResult]::new('--rekor-version', '--rekor-version', [CompletionResultType]::ParameterName, 'The version of the log''s API: 1 or 2')
            [CompletionResult]::new('--rekor-url', '--rekor-url', [CompletionResultType]::ParameterName, 'The address of the log')
            [CompletionResult]::new('--instance', '--instance', [CompletionResultType]::ParameterName, 'Use this instance: its log and its trust root')
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Verify with the trust root in this file (trusted_root.json)')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'The limit for one request, in seconds')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON: see man/json.md')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;log;prove' {
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'The public key (PEM) of a bundle that was signed with a key')
            [CompletionResult]::new('--rekor-url', '--rekor-url', [CompletionResultType]::ParameterName, 'The address of the log')
            [CompletionResult]::new('--instance', '--instance', [CompletionResultType]::ParameterName, 'Use this instance: its log and its trust root')
            [CompletionResult]::new('--trusted-root', '--trusted-root', [CompletionResultType]::ParameterName, 'Verify with the trust root in this file (trusted_root.json)')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'The limit for one request, in seconds')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON: see man/json.md')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;log;help' {
            [CompletionResult]::new('get', 'get', [CompletionResultType]::ParameterValue, 'Show an entry of the log, verified')
            [CompletionResult]::new('prove', 'prove', [CompletionResultType]::ParameterValue, 'Prove that a log entry is still in its log')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'paraph;log;help;get' {
            break
        }
        'paraph;log;help;prove' {
            break
        }
        'paraph;log;help;help' {
            break
        }
        'paraph;policy' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Propose a policy from who signed until now')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Find mistakes in a policy file')
            [CompletionResult]::new('describe', 'describe', [CompletionResultType]::ParameterValue, 'Say in sentences who may do what')
            [CompletionResult]::new('diff', 'diff', [CompletionResultType]::ParameterValue, 'Say what a change of the policy grants and takes away')
            [CompletionResult]::new('test', 'test', [CompletionResultType]::ParameterValue, 'Test a policy with examples, offline')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Explain what the policy decides about a commit or tag')
            [CompletionResult]::new('approve', 'approve', [CompletionResultType]::ParameterValue, 'Sign an approval')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'paraph;policy;init' {
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'How far back to read, as git reads --since')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Write a file that does not exist yet, instead of standard output')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Write a file that does not exist yet, instead of standard output')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('--other-signatures', '--other-signatures', [CompletionResultType]::ParameterName, 'Let git''s own verifier judge OpenPGP and SSH signatures')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;policy;check' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;policy;describe' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;policy;diff' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;policy;test' {
            [CompletionResult]::new('--policy', '--policy', [CompletionResultType]::ParameterName, 'The policy: a file, or a commit [default: .paraph/policy.toml of the work tree]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;policy;explain' {
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'Judge it as a commit of this ref')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('--other-signatures', '--other-signatures', [CompletionResultType]::ParameterName, 'Let git''s own verifier judge OpenPGP and SSH signatures')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;policy;approve' {
            [CompletionResult]::new('--tag-object', '--tag-object', [CompletionResultType]::ParameterName, 'Approve the tag object in this file, as `git cat-file tag` prints it; `-` is standard input')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'The last part of the approval''s name [default: from user.email]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask for confirmation')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;policy;help' {
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Propose a policy from who signed until now')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Find mistakes in a policy file')
            [CompletionResult]::new('describe', 'describe', [CompletionResultType]::ParameterValue, 'Say in sentences who may do what')
            [CompletionResult]::new('diff', 'diff', [CompletionResultType]::ParameterValue, 'Say what a change of the policy grants and takes away')
            [CompletionResult]::new('test', 'test', [CompletionResultType]::ParameterValue, 'Test a policy with examples, offline')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Explain what the policy decides about a commit or tag')
            [CompletionResult]::new('approve', 'approve', [CompletionResultType]::ParameterValue, 'Sign an approval')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'paraph;policy;help;init' {
            break
        }
        'paraph;policy;help;check' {
            break
        }
        'paraph;policy;help;describe' {
            break
        }
        'paraph;policy;help;diff' {
            break
        }
        'paraph;policy;help;test' {
            break
        }
        'paraph;policy;help;explain' {
            break
        }
        'paraph;policy;help;approve' {
            break
        }
        'paraph;policy;help;help' {
            break
        }
        'paraph;hook' {
            [CompletionResult]::new('--deadline', '--deadline', [CompletionResultType]::ParameterName, 'Of hooks that judge a push: refuse it after this time')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('pre-receive', 'pre-receive', [CompletionResultType]::ParameterValue, 'On a server: refuse a push for one bad object')
            [CompletionResult]::new('update', 'update', [CompletionResultType]::ParameterValue, 'On a server: refuse each ref with a bad object')
            [CompletionResult]::new('reference-transaction', 'reference-transaction', [CompletionResultType]::ParameterValue, 'On a server: refuse to move a branch or tag to a bad object, whatever moves it')
            [CompletionResult]::new('post-merge', 'post-merge', [CompletionResultType]::ParameterValue, 'On your own machine: warn of what a merge brought in')
            [CompletionResult]::new('install', 'install', [CompletionResultType]::ParameterValue, 'Install the hooks of this clone, or of a server')
            [CompletionResult]::new('uninstall', 'uninstall', [CompletionResultType]::ParameterValue, 'Remove the hooks that paraph installed')
            [CompletionResult]::new('pre-push', 'pre-push', [CompletionResultType]::ParameterValue, 'On your own machine: refuse to push a bad object')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'paraph;hook;pre-receive' {
            [CompletionResult]::new('--deadline', '--deadline', [CompletionResultType]::ParameterName, 'Of hooks that judge a push: refuse it after this time')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;hook;update' {
            [CompletionResult]::new('--deadline', '--deadline', [CompletionResultType]::ParameterName, 'Of hooks that judge a push: refuse it after this time')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;hook;reference-transaction' {
            [CompletionResult]::new('--deadline', '--deadline', [CompletionResultType]::ParameterName, 'Of hooks that judge a push: refuse it after this time')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;hook;post-merge' {
            [CompletionResult]::new('--deadline', '--deadline', [CompletionResultType]::ParameterName, 'Of hooks that judge a push: refuse it after this time')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;hook;install' {
            [CompletionResult]::new('--deadline', '--deadline', [CompletionResultType]::ParameterName, 'Of hooks that judge a push: refuse it after this time')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Install the hooks of a server')
            [CompletionResult]::new('--policy', '--policy', [CompletionResultType]::ParameterName, 'Also install `post-merge`, or `reference-transaction` on a server. A policy must be pinned')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;hook;uninstall' {
            [CompletionResult]::new('--deadline', '--deadline', [CompletionResultType]::ParameterName, 'Of hooks that judge a push: refuse it after this time')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;hook;pre-push' {
            [CompletionResult]::new('--deadline', '--deadline', [CompletionResultType]::ParameterName, 'Of hooks that judge a push: refuse it after this time')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;hook;help' {
            [CompletionResult]::new('pre-receive', 'pre-receive', [CompletionResultType]::ParameterValue, 'On a server: refuse a push for one bad object')
            [CompletionResult]::new('update', 'update', [CompletionResultType]::ParameterValue, 'On a server: refuse each ref with a bad object')
            [CompletionResult]::new('reference-transaction', 'reference-transaction', [CompletionResultType]::ParameterValue, 'On a server: refuse to move a branch or tag to a bad object, whatever moves it')
            [CompletionResult]::new('post-merge', 'post-merge', [CompletionResultType]::ParameterValue, 'On your own machine: warn of what a merge brought in')
            [CompletionResult]::new('install', 'install', [CompletionResultType]::ParameterValue, 'Install the hooks of this clone, or of a server')
            [CompletionResult]::new('uninstall', 'uninstall', [CompletionResultType]::ParameterValue, 'Remove the hooks that paraph installed')
            [CompletionResult]::new('pre-push', 'pre-push', [CompletionResultType]::ParameterValue, 'On your own machine: refuse to push a bad object')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'paraph;hook;help;pre-receive' {
            break
        }
        'paraph;hook;help;update' {
            break
        }
        'paraph;hook;help;reference-transaction' {
            break
        }
        'paraph;hook;help;post-merge' {
            break
        }
        'paraph;hook;help;install' {
            break
        }
        'paraph;hook;help;uninstall' {
            break
        }
        'paraph;hook;help;pre-push' {
            break
        }
        'paraph;hook;help;help' {
            break
        }
        'paraph;trust' {
            [CompletionResult]::new('--instance', '--instance', [CompletionResultType]::ParameterName, 'Manage this instance instead of the one in use')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('update', 'update', [CompletionResultType]::ParameterValue, 'Fetch the newest trust root of an instance')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show the trust root in use')
            [CompletionResult]::new('initialize', 'initialize', [CompletionResultType]::ParameterValue, 'Trust a new instance by its TUF repository')
            [CompletionResult]::new('import', 'import', [CompletionResultType]::ParameterValue, 'Import a trust root from a file')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'paraph;trust;update' {
            [CompletionResult]::new('--instance', '--instance', [CompletionResultType]::ParameterName, 'Manage this instance instead of the one in use')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;trust;status' {
            [CompletionResult]::new('--instance', '--instance', [CompletionResultType]::ParameterName, 'Manage this instance instead of the one in use')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the trust root as JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;trust;initialize' {
            [CompletionResult]::new('--mirror', '--mirror', [CompletionResultType]::ParameterName, 'The URL of the TUF repository')
            [CompletionResult]::new('--root', '--root', [CompletionResultType]::ParameterName, 'The file with the TUF root (root.json)')
            [CompletionResult]::new('--instance', '--instance', [CompletionResultType]::ParameterName, 'Manage this instance instead of the one in use')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;trust;import' {
            [CompletionResult]::new('--instance', '--instance', [CompletionResultType]::ParameterName, 'Manage this instance instead of the one in use')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;trust;help' {
            [CompletionResult]::new('update', 'update', [CompletionResultType]::ParameterValue, 'Fetch the newest trust root of an instance')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show the trust root in use')
            [CompletionResult]::new('initialize', 'initialize', [CompletionResultType]::ParameterValue, 'Trust a new instance by its TUF repository')
            [CompletionResult]::new('import', 'import', [CompletionResultType]::ParameterValue, 'Import a trust root from a file')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'paraph;trust;help;update' {
            break
        }
        'paraph;trust;help;status' {
            break
        }
        'paraph;trust;help;initialize' {
            break
        }
        'paraph;trust;help;import' {
            break
        }
        'paraph;trust;help;help' {
            break
        }
        'paraph;login' {
            [CompletionResult]::new('--instance', '--instance', [CompletionResultType]::ParameterName, 'The instance, or a name to approve the configured services under')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;logout' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;agent' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Run the agent in the foreground')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show whether the agent runs, and its logins')
            [CompletionResult]::new('log', 'log', [CompletionResultType]::ParameterValue, 'Show the signatures that the agent made')
            [CompletionResult]::new('lock', 'lock', [CompletionResultType]::ParameterValue, 'Wipe the agent''s keys and tokens, and stop signing')
            [CompletionResult]::new('unlock', 'unlock', [CompletionResultType]::ParameterValue, 'Let the agent sign again')
            [CompletionResult]::new('clear', 'clear', [CompletionResultType]::ParameterValue, 'Wipe the agent''s keys and tokens')
            [CompletionResult]::new('stop', 'stop', [CompletionResultType]::ParameterValue, 'End the agent')
            [CompletionResult]::new('confirm', 'confirm', [CompletionResultType]::ParameterValue, 'Approve signatures for other machines in this terminal')
            [CompletionResult]::new('socket', 'socket', [CompletionResultType]::ParameterValue, 'Print the path of the socket to forward')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'paraph;agent;run' {
            [CompletionResult]::new('--answer-timeout', '--answer-timeout', [CompletionResultType]::ParameterName, 'For tests only: how many seconds a question waits for its answer')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('--detached', '--detached', [CompletionResultType]::ParameterName, 'Used when a client starts it: it runs in its own session')
            [CompletionResult]::new('--readable-memory', '--readable-memory', [CompletionResultType]::ParameterName, 'For tests only: other processes of the user can read its memory')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;agent;status' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;agent;log' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print each signature as a JSON object on one line')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;agent;lock' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;agent;unlock' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;agent;clear' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;agent;stop' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;agent;confirm' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;agent;socket' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;agent;help' {
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Run the agent in the foreground')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show whether the agent runs, and its logins')
            [CompletionResult]::new('log', 'log', [CompletionResultType]::ParameterValue, 'Show the signatures that the agent made')
            [CompletionResult]::new('lock', 'lock', [CompletionResultType]::ParameterValue, 'Wipe the agent''s keys and tokens, and stop signing')
            [CompletionResult]::new('unlock', 'unlock', [CompletionResultType]::ParameterValue, 'Let the agent sign again')
            [CompletionResult]::new('clear', 'clear', [CompletionResultType]::ParameterValue, 'Wipe the agent''s keys and tokens')
            [CompletionResult]::new('stop', 'stop', [CompletionResultType]::ParameterValue, 'End the agent')
            [CompletionResult]::new('confirm', 'confirm', [CompletionResultType]::ParameterValue, 'Approve signatures for other machines in this terminal')
            [CompletionResult]::new('socket', 'socket', [CompletionResultType]::ParameterValue, 'Print the path of the socket to forward')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'paraph;agent;help;run' {
            break
        }
        'paraph;agent;help;status' {
            break
        }
        'paraph;agent;help;log' {
            break
        }
        'paraph;agent;help;lock' {
            break
        }
        'paraph;agent;help;unlock' {
            break
        }
        'paraph;agent;help;clear' {
            break
        }
        'paraph;agent;help;stop' {
            break
        }
        'paraph;agent;help;confirm' {
            break
        }
        'paraph;agent;help;socket' {
            break
        }
        'paraph;agent;help;help' {
            break
        }
        'paraph;local' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Create a local Sigstore with new keys and a port')
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Run the local Sigstore')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show whether the local Sigstore runs, and where')
            [CompletionResult]::new('stop', 'stop', [CompletionResultType]::ParameterValue, 'Stop the server')
            [CompletionResult]::new('use', 'use', [CompletionResultType]::ParameterValue, 'Make one repository sign and verify with the local Sigstore')
            [CompletionResult]::new('token', 'token', [CompletionResultType]::ParameterValue, 'Print an ID token, for SIGSTORE_ID_TOKEN in scripts')
            [CompletionResult]::new('code', 'code', [CompletionResultType]::ParameterValue, 'Print a code for one login on the issuer''s page')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'paraph;local;init' {
            [CompletionResult]::new('--token-algorithm', '--token-algorithm', [CompletionResultType]::ParameterName, 'The signature algorithm of ID tokens')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;local;serve' {
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'The folder of the local Sigstore [default: paraph/local in your data folder]')
            [CompletionResult]::new('--certificate-lifetime', '--certificate-lifetime', [CompletionResultType]::ParameterName, 'For tests: the validity period of certificates')
            [CompletionResult]::new('--fault', '--fault', [CompletionResultType]::ParameterName, 'For tests: make a service fail, wait or lie (repeatable)')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('--background', '--background', [CompletionResultType]::ParameterName, 'Run in the background, and return when it is ready')
            [CompletionResult]::new('--detached', '--detached', [CompletionResultType]::ParameterName, 'Set by `--background` for the process that it starts')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;local;status' {
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'The folder of the local Sigstore [default: paraph/local in your data folder]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the status as JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;local;stop' {
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'The folder of the local Sigstore [default: paraph/local in your data folder]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;local;use' {
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'The folder of the local Sigstore [default: paraph/local in your data folder]')
            [CompletionResult]::new('--repository', '--repository', [CompletionResultType]::ParameterName, 'The repository')
            [CompletionResult]::new('--email', '--email', [CompletionResultType]::ParameterName, 'The address to sign with [default: the committer''s address]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('--undo', '--undo', [CompletionResultType]::ParameterName, 'Restore the settings from before `paraph local use`')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;local;token' {
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'The folder of the local Sigstore [default: paraph/local in your data folder]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;local;code' {
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'The folder of the local Sigstore [default: paraph/local in your data folder]')
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;local;help' {
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Create a local Sigstore with new keys and a port')
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Run the local Sigstore')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show whether the local Sigstore runs, and where')
            [CompletionResult]::new('stop', 'stop', [CompletionResultType]::ParameterValue, 'Stop the server')
            [CompletionResult]::new('use', 'use', [CompletionResultType]::ParameterValue, 'Make one repository sign and verify with the local Sigstore')
            [CompletionResult]::new('token', 'token', [CompletionResultType]::ParameterValue, 'Print an ID token, for SIGSTORE_ID_TOKEN in scripts')
            [CompletionResult]::new('code', 'code', [CompletionResultType]::ParameterValue, 'Print a code for one login on the issuer''s page')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'paraph;local;help;init' {
            break
        }
        'paraph;local;help;serve' {
            break
        }
        'paraph;local;help;status' {
            break
        }
        'paraph;local;help;stop' {
            break
        }
        'paraph;local;help;use' {
            break
        }
        'paraph;local;help;token' {
            break
        }
        'paraph;local;help;code' {
            break
        }
        'paraph;local;help;help' {
            break
        }
        'paraph;config' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print the settings as JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;generate-docs' {
            [CompletionResult]::new('-C', '-C ', [CompletionResultType]::ParameterName, 'Run in this folder; if repeated, each is relative to the one before, as in git')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'paraph;help' {
            [CompletionResult]::new('setup', 'setup', [CompletionResultType]::ParameterValue, 'Configure git to sign and verify with paraph')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Check the configuration and the services')
            [CompletionResult]::new('whoami', 'whoami', [CompletionResultType]::ParameterValue, 'Show the identity and the services that sign here')
            [CompletionResult]::new('allow', 'allow', [CompletionResultType]::ParameterValue, 'Trust an identity')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Verify commits and tags, offline')
            [CompletionResult]::new('verify-tag', 'verify-tag', [CompletionResultType]::ParameterValue, 'Verify tags, offline')
            [CompletionResult]::new('verify-file', 'verify-file', [CompletionResultType]::ParameterValue, 'Verify files by their Sigstore bundles, offline')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show the contents of a signature')
            [CompletionResult]::new('sign', 'sign', [CompletionResultType]::ParameterValue, 'Sign files, as Sigstore bundles')
            [CompletionResult]::new('attest', 'attest', [CompletionResultType]::ParameterValue, 'Sign a statement about files or revisions')
            [CompletionResult]::new('release', 'release', [CompletionResultType]::ParameterValue, 'Sign files as the release of a signed tag')
            [CompletionResult]::new('verify-release', 'verify-release', [CompletionResultType]::ParameterValue, 'Verify who released files from which signed tag, offline')
            [CompletionResult]::new('log', 'log', [CompletionResultType]::ParameterValue, 'Ask a transparency log, and verify its answers')
            [CompletionResult]::new('policy', 'policy', [CompletionResultType]::ParameterValue, 'Work with the policy of a repository')
            [CompletionResult]::new('hook', 'hook', [CompletionResultType]::ParameterValue, 'Judge a push before git accepts it, as a hook')
            [CompletionResult]::new('trust', 'trust', [CompletionResultType]::ParameterValue, 'Manage trust roots: the trusted authorities and logs')
            [CompletionResult]::new('login', 'login', [CompletionResultType]::ParameterValue, 'Log in once, so that many signatures need no login')
            [CompletionResult]::new('logout', 'logout', [CompletionResultType]::ParameterValue, 'Remove a login, and revoke it at the issuer')
            [CompletionResult]::new('agent', 'agent', [CompletionResultType]::ParameterValue, 'Keep one login for many signatures')
            [CompletionResult]::new('local', 'local', [CompletionResultType]::ParameterValue, 'Run a private Sigstore on this machine, for tests')
            [CompletionResult]::new('config', 'config', [CompletionResultType]::ParameterValue, 'Show the effective settings and where each comes from')
            [CompletionResult]::new('generate-docs', 'generate-docs', [CompletionResultType]::ParameterValue, 'Generate manual pages, completions and tables')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'paraph;help;setup' {
            break
        }
        'paraph;help;doctor' {
            break
        }
        'paraph;help;whoami' {
            break
        }
        'paraph;help;allow' {
            break
        }
        'paraph;help;verify' {
            break
        }
        'paraph;help;verify-tag' {
            break
        }
        'paraph;help;verify-file' {
            break
        }
        'paraph;help;show' {
            break
        }
        'paraph;help;sign' {
            break
        }
        'paraph;help;attest' {
            break
        }
        'paraph;help;release' {
            break
        }
        'paraph;help;verify-release' {
            break
        }
        'paraph;help;log' {
            [CompletionResult]::new('get', 'get', [CompletionResultType]::ParameterValue, 'Show an entry of the log, verified')
            [CompletionResult]::new('prove', 'prove', [CompletionResultType]::ParameterValue, 'Prove that a log entry is still in its log')
            break
        }
        'paraph;help;log;get' {
            break
        }
        'paraph;help;log;prove' {
            break
        }
        'paraph;help;policy' {
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Propose a policy from who signed until now')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Find mistakes in a policy file')
            [CompletionResult]::new('describe', 'describe', [CompletionResultType]::ParameterValue, 'Say in sentences who may do what')
            [CompletionResult]::new('diff', 'diff', [CompletionResultType]::ParameterValue, 'Say what a change of the policy grants and takes away')
            [CompletionResult]::new('test', 'test', [CompletionResultType]::ParameterValue, 'Test a policy with examples, offline')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Explain what the policy decides about a commit or tag')
            [CompletionResult]::new('approve', 'approve', [CompletionResultType]::ParameterValue, 'Sign an approval')
            break
        }
        'paraph;help;policy;init' {
            break
        }
        'paraph;help;policy;check' {
            break
        }
        'paraph;help;policy;describe' {
            break
        }
        'paraph;help;policy;diff' {
            break
        }
        'paraph;help;policy;test' {
            break
        }
        'paraph;help;policy;explain' {
            break
        }
        'paraph;help;policy;approve' {
            break
        }
        'paraph;help;hook' {
            [CompletionResult]::new('pre-receive', 'pre-receive', [CompletionResultType]::ParameterValue, 'On a server: refuse a push for one bad object')
            [CompletionResult]::new('update', 'update', [CompletionResultType]::ParameterValue, 'On a server: refuse each ref with a bad object')
            [CompletionResult]::new('reference-transaction', 'reference-transaction', [CompletionResultType]::ParameterValue, 'On a server: refuse to move a branch or tag to a bad object, whatever moves it')
            [CompletionResult]::new('post-merge', 'post-merge', [CompletionResultType]::ParameterValue, 'On your own machine: warn of what a merge brought in')
            [CompletionResult]::new('install', 'install', [CompletionResultType]::ParameterValue, 'Install the hooks of this clone, or of a server')
            [CompletionResult]::new('uninstall', 'uninstall', [CompletionResultType]::ParameterValue, 'Remove the hooks that paraph installed')
            [CompletionResult]::new('pre-push', 'pre-push', [CompletionResultType]::ParameterValue, 'On your own machine: refuse to push a bad object')
            break
        }
        'paraph;help;hook;pre-receive' {
            break
        }
        'paraph;help;hook;update' {
            break
        }
        'paraph;help;hook;reference-transaction' {
            break
        }
        'paraph;help;hook;post-merge' {
            break
        }
        'paraph;help;hook;install' {
            break
        }
        'paraph;help;hook;uninstall' {
            break
        }
        'paraph;help;hook;pre-push' {
            break
        }
        'paraph;help;trust' {
            [CompletionResult]::new('update', 'update', [CompletionResultType]::ParameterValue, 'Fetch the newest trust root of an instance')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show the trust root in use')
            [CompletionResult]::new('initialize', 'initialize', [CompletionResultType]::ParameterValue, 'Trust a new instance by its TUF repository')
            [CompletionResult]::new('import', 'import', [CompletionResultType]::ParameterValue, 'Import a trust root from a file')
            break
        }
        'paraph;help;trust;update' {
            break
        }
        'paraph;help;trust;status' {
            break
        }
        'paraph;help;trust;initialize' {
            break
        }
        'paraph;help;trust;import' {
            break
        }
        'paraph;help;login' {
            break
        }
        'paraph;help;logout' {
            break
        }
        'paraph;help;agent' {
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'Run the agent in the foreground')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show whether the agent runs, and its logins')
            [CompletionResult]::new('log', 'log', [CompletionResultType]::ParameterValue, 'Show the signatures that the agent made')
            [CompletionResult]::new('lock', 'lock', [CompletionResultType]::ParameterValue, 'Wipe the agent''s keys and tokens, and stop signing')
            [CompletionResult]::new('unlock', 'unlock', [CompletionResultType]::ParameterValue, 'Let the agent sign again')
            [CompletionResult]::new('clear', 'clear', [CompletionResultType]::ParameterValue, 'Wipe the agent''s keys and tokens')
            [CompletionResult]::new('stop', 'stop', [CompletionResultType]::ParameterValue, 'End the agent')
            [CompletionResult]::new('confirm', 'confirm', [CompletionResultType]::ParameterValue, 'Approve signatures for other machines in this terminal')
            [CompletionResult]::new('socket', 'socket', [CompletionResultType]::ParameterValue, 'Print the path of the socket to forward')
            break
        }
        'paraph;help;agent;run' {
            break
        }
        'paraph;help;agent;status' {
            break
        }
        'paraph;help;agent;log' {
            break
        }
        'paraph;help;agent;lock' {
            break
        }
        'paraph;help;agent;unlock' {
            break
        }
        'paraph;help;agent;clear' {
            break
        }
        'paraph;help;agent;stop' {
            break
        }
        'paraph;help;agent;confirm' {
            break
        }
        'paraph;help;agent;socket' {
            break
        }
        'paraph;help;local' {
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Create a local Sigstore with new keys and a port')
            [CompletionResult]::new('serve', 'serve', [CompletionResultType]::ParameterValue, 'Run the local Sigstore')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show whether the local Sigstore runs, and where')
            [CompletionResult]::new('stop', 'stop', [CompletionResultType]::ParameterValue, 'Stop the server')
            [CompletionResult]::new('use', 'use', [CompletionResultType]::ParameterValue, 'Make one repository sign and verify with the local Sigstore')
            [CompletionResult]::new('token', 'token', [CompletionResultType]::ParameterValue, 'Print an ID token, for SIGSTORE_ID_TOKEN in scripts')
            [CompletionResult]::new('code', 'code', [CompletionResultType]::ParameterValue, 'Print a code for one login on the issuer''s page')
            break
        }
        'paraph;help;local;init' {
            break
        }
        'paraph;help;local;serve' {
            break
        }
        'paraph;help;local;status' {
            break
        }
        'paraph;help;local;stop' {
            break
        }
        'paraph;help;local;use' {
            break
        }
        'paraph;help;local;token' {
            break
        }
        'paraph;help;local;code' {
            break
        }
        'paraph;help;config' {
            break
        }
        'paraph;help;generate-docs' {
            break
        }
        'paraph;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
