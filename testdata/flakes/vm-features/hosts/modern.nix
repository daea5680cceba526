{
  networking.hostName = "modern";
  users.users = {
    joachim.isNormalUser = true;
    work = {
      isNormalUser = true;
      name = "worker";
      home = "/srv/work";
    };
    daemon.home = "/var/empty";
  };
  virtualisation.vmVariant.virtualisation = {
    memorySize = 2048;
    cores = 2;
  };
}
