{
  description = "offers nothing at all";

  outputs = { self }: { };
}
