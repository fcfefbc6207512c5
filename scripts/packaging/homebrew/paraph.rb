# A formula for Homebrew: built from the archive of the signed tag. Copy it into a tap, with the SHA-256 of the version.
class Paraph < Formula
  desc "Keyless signing and verification for git"
  homepage "https://github.com/paraph/paraph"
  url "https://github.com/paraph/paraph/archive/refs/tags/v0.1.0.tar.gz"
  sha256 "0000000000000000000000000000000000000000000000000000000000000000"
  license "Apache-2.0"

  depends_on "cmake" => :build
  depends_on "rust" => :build

  def install
    ENV["AWS_LC_SYS_NO_JITTER_ENTROPY"] = "1"
    system "cargo", "install", *std_cargo_args
    man1.install Dir["man/*.1"]
    bash_completion.install "man/completions/paraph.bash" => "paraph"
    zsh_completion.install "man/completions/_paraph"
    fish_completion.install "man/completions/paraph.fish"
    pkgshare.install "git-hooks"
  end

  test do
    system "git", "init", "--quiet", "."
    system "git", "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "--allow-empty", "-m", "a"
    # 12: the commit is unsigned
    shell_output("#{bin}/paraph verify", 12)
  end
end
