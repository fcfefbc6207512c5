# nix run 'git+https://github.com/paraph/paraph?dir=scripts/packaging/nix'
{
  description = "Keyless signing and verification for git";
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
  outputs = { self, nixpkgs }:
    let
      systems = [ "x86_64-linux" "aarch64-linux" "aarch64-darwin" ];
      each = build: nixpkgs.lib.genAttrs systems (system: build nixpkgs.legacyPackages.${system});
    in {
      packages = each (pkgs: {
        default = pkgs.rustPlatform.buildRustPackage {
          pname = "paraph";
          version = "0.1.0";
          src = ../../..;
          cargoLock.lockFile = ../../../Cargo.lock;
          nativeBuildInputs = [ pkgs.cmake pkgs.installShellFiles ];
          env.AWS_LC_SYS_NO_JITTER_ENTROPY = "1";
          # the tests start services on loopback, and run git
          doCheck = false;
          postInstall = ''
            installManPage man/*.1
            installShellCompletion --cmd paraph --bash man/completions/paraph.bash --zsh man/completions/_paraph --fish man/completions/paraph.fish
          '';
          meta = {
            description = "Keyless signing and verification for git";
            homepage = "https://github.com/paraph/paraph";
            license = pkgs.lib.licenses.asl20;
            mainProgram = "paraph";
          };
        };
      });
    };
}
