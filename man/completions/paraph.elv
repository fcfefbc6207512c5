
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
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand verify 'Verify a commit or a tag, offline'
            cand show 'Show all that a signature holds'
            cand trust 'Manage what is trusted: authorities, logs and their keys'
            cand local 'Run a private Sigstore on this machine, for demonstrations and tests'
            cand config 'Show the effective settings and where each comes from'
            cand generate-docs 'Write manual pages, completions and the table of settings into a folder'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'paraph;verify'= {
            cand --json 'Print the verdict and what led to it as JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;show'= {
            cand --json 'Print it as JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;trust'= {
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand update 'Fetch the newest trust material of the instance in use'
            cand status 'Show which trust material is in use, where it comes from, its version and its age'
            cand initialize 'Trust an instance by its TUF repository, beginning with a root that you got in a safe way'
            cand import 'Take trust material from a file, for machines without a network'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'paraph;trust;update'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'paraph;trust;status'= {
            cand --json 'Print it as JSON'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'paraph;trust;initialize'= {
            cand --mirror 'The URL of its TUF repository'
            cand --root 'The file with its TUF root'
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'paraph;trust;import'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'paraph;trust;help'= {
            cand update 'Fetch the newest trust material of the instance in use'
            cand status 'Show which trust material is in use, where it comes from, its version and its age'
            cand initialize 'Trust an instance by its TUF repository, beginning with a root that you got in a safe way'
            cand import 'Take trust material from a file, for machines without a network'
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
        &'paraph;local'= {
            cand -h 'Print help'
            cand --help 'Print help'
            cand init 'Create its keys and its folder'
            cand serve 'Run it in the foreground'
            cand use 'Point the current repository at it'
            cand status 'Show whether it runs, and where'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'paraph;local;init'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'paraph;local;serve'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'paraph;local;use'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'paraph;local;status'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'paraph;local;help'= {
            cand init 'Create its keys and its folder'
            cand serve 'Run it in the foreground'
            cand use 'Point the current repository at it'
            cand status 'Show whether it runs, and where'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'paraph;local;help;init'= {
        }
        &'paraph;local;help;serve'= {
        }
        &'paraph;local;help;use'= {
        }
        &'paraph;local;help;status'= {
        }
        &'paraph;local;help;help'= {
        }
        &'paraph;config'= {
            cand --json 'Print them as JSON'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
        }
        &'paraph;generate-docs'= {
            cand -h 'Print help'
            cand --help 'Print help'
        }
        &'paraph;help'= {
            cand verify 'Verify a commit or a tag, offline'
            cand show 'Show all that a signature holds'
            cand trust 'Manage what is trusted: authorities, logs and their keys'
            cand local 'Run a private Sigstore on this machine, for demonstrations and tests'
            cand config 'Show the effective settings and where each comes from'
            cand generate-docs 'Write manual pages, completions and the table of settings into a folder'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'paraph;help;verify'= {
        }
        &'paraph;help;show'= {
        }
        &'paraph;help;trust'= {
            cand update 'Fetch the newest trust material of the instance in use'
            cand status 'Show which trust material is in use, where it comes from, its version and its age'
            cand initialize 'Trust an instance by its TUF repository, beginning with a root that you got in a safe way'
            cand import 'Take trust material from a file, for machines without a network'
        }
        &'paraph;help;trust;update'= {
        }
        &'paraph;help;trust;status'= {
        }
        &'paraph;help;trust;initialize'= {
        }
        &'paraph;help;trust;import'= {
        }
        &'paraph;help;local'= {
            cand init 'Create its keys and its folder'
            cand serve 'Run it in the foreground'
            cand use 'Point the current repository at it'
            cand status 'Show whether it runs, and where'
        }
        &'paraph;help;local;init'= {
        }
        &'paraph;help;local;serve'= {
        }
        &'paraph;help;local;use'= {
        }
        &'paraph;help;local;status'= {
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
