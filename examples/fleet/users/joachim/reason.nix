# joachim on reason: the big screen.
{ pkgs, ... }:
{
  home.packages = [ pkgs.inkscape ];
  programs.alacritty = {
    enable = true;
    settings.window.opacity = 0.95;
  };
}
