{
  networking.hostName = throw "no name for this host";
}
