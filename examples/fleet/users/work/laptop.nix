# work on laptop.
{
  imports = [ ./default.nix ];

  programs.bash.enable = true;
  programs.starship.enable = true;
  xdg.configFile."office/proxy.conf".text = ''
    proxy = proxy.work.example.org:3128
  '';
}
