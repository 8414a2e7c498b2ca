// MirrorConfig
