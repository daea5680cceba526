# How to make hosts and homes; each file takes the flake's inputs.
inputs: {
  inherit (import ./hosts.nix inputs) mkHost;
  inherit (import ./users.nix inputs) mkUser mkHomes;
}
