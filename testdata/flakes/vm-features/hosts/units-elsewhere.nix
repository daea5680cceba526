{
  elsewhere = { };
}
