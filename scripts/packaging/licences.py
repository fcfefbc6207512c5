"""Prints the licences of the crates in the program, with their texts: licences.py TARGET"""

import json
import pathlib
import subprocess
import sys

NAMES = ("licen", "copying", "notice", "unlicense", "copyright")


def output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main() -> None:
    target = sys.argv[1]
    tree = output("cargo", "tree", "--locked", "--target", target, "-e", "normal", "--prefix", "none", "--format", "{p}")
    used = {tuple(line.split()[:2]) for line in tree.splitlines() if line.strip()}
    metadata = json.loads(output("cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", target))
    crates = [p for p in metadata["packages"] if (p["name"], "v" + p["version"]) in used and p["source"]]
    crates.sort(key=lambda p: (p["name"], p["version"]))

    texts: dict[str, list[str]] = {}
    print("paraph contains these crates from crates.io. The texts of their licences follow.\n")
    for crate in crates:
        name = f'{crate["name"]} {crate["version"]}'
        print(f'{name}: {crate["license"] or "see the text"}')
        folder = pathlib.Path(crate["manifest_path"]).parent
        # the C library inside aws-lc-sys has a licence file of its own
        files = [f for f in [*folder.iterdir(), *folder.glob("aws-lc/*")] if f.is_file() and f.name.lower().startswith(NAMES)]
        for file in sorted(files):
            texts.setdefault(file.read_text(errors="replace").strip(), []).append(name)
    for text, names in texts.items():
        print(f'\n{"=" * 80}\n{", ".join(sorted(set(names)))}\n{"=" * 80}\n\n{text}')


main()
