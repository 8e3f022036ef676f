"""The codecs that come with datamill; each is imported when it is first used."""
