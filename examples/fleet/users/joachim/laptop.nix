# joachim on laptop: the network comes and goes.
{
  programs.tmux = {
    enable = true;
    mouse = true;
  };
  programs.ssh = {
    enable = true;
    enableDefaultConfig = false;
    matchBlocks.reason = {
      hostname = "reason.example.org";
      user = "joachim";
    };
  };
}
