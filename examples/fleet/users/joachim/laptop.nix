# joachim on laptop: the network comes and goes.
{
  imports = [ ./default.nix ];

  programs.tmux = {
    enable = true;
    mouse = true;
  };
  programs.ssh = {
    enable = true;
    enableDefaultConfig = false;
    settings.reason = {
      HostName = "reason.example.org";
      User = "joachim";
    };
  };
}
