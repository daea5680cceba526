# What every home has.
{ inputs, ... }:
{
  imports = [
    inputs.sops-nix.homeModules.sops
    inputs.stylix.homeModules.stylix
  ];

  # The release that homes were first made with; changing it can move files that a program looks for.
  home.stateVersion = "25.05";
  programs.home-manager.enable = true;
  xdg.enable = true;

  programs.zsh = {
    enable = true;
    autosuggestion.enable = true;
    syntaxHighlighting.enable = true;
    shellAliases.ll = "ls -l";
  };
  programs.git = {
    enable = true;
    settings = {
      init.defaultBranch = "main";
      pull.rebase = true;
    };
  };
}
