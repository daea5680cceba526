{
  healthy = { };
}
