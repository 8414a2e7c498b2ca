public import MirrorModel

/// A file that ``parseConfig(_:file:now:)`` reads back as equal mirrors, with only the keys that differ from their
/// defaults. The mirrors have to be such as a file can have: each with a name of its own, sources, outputs, and
/// numbers in their ranges; and no text that begins with a byte order mark, which is dropped.
public func renderConfig(_ mirrors: [Mirror]) -> String {
    guard !mirrors.isEmpty else { return "version: 1\nmirrors: {}\n" }
    return "version: 1\nmirrors:\n" + mirrors.map(rendered).joined(separator: "\n")
}

private func rendered(_ mirror: Mirror) -> String {
    var text = "  \(yamlScalar(mirror.name.description)):\n    from:\n"
    for source in mirror.sources {
        switch source {
        case .bridge(let name): text += "      - bridge: \(yamlScalar(name.description))\n"
        case .port(let name, let direction):
            text += "      - port: \(yamlScalar(name.description))\n"
            if direction != .both { text += "        direction: \(direction)\n" }
        }
    }
    text += "    to:\n"
    for output in mirror.outputs {
        switch output {
        case .port(let name): text += "      - port: \(yamlScalar(name.description))\n"
        case .vlan(let id, let bridge):
            text += "      - vlan: \(id)\n        bridge: \(yamlScalar(bridge.description))\n"
        case .files(let settings):
            text += "      - files: \(yamlScalar(settings.directory.description))\n"
            for (key, value) in fileOptions(settings) {
                text += "        \(key): \(key == "name" ? yamlScalar(value) : value)\n"
            }
        }
    }

    func add(_ key: String, _ value: (some CustomStringConvertible)?) {
        if let value { text += "    \(key): \(value)\n" }
    }
    add("vlans", mirror.vlans)
    add("filter", mirror.filter.map(yamlScalar))
    add("sample", mirror.sample == 1 ? nil : mirror.sample)
    add("snaplen", mirror.snaplen)
    add("spread", mirror.spread ? true : nil)
    add("engine", mirror.engine == .auto ? nil : mirror.engine)
    add("reserve", mirror.reserve ? true : nil)
    add("keep-offloads", mirror.keepOffloads ? true : nil)
    add("until", mirror.until.map(formatTimestamp))
    return text
}

/// What settings of capture files say besides the directory, where it isn't the default: keys and values as files have
/// them, and the command line with `--` in front.
public func fileOptions(_ settings: FileSettings) -> [(key: String, value: String)] {
    let all: [(key: String, value: String?)] = [
        ("name", settings.name), ("format", settings.format == .pcapng ? nil : settings.format.rawValue),
        ("compress", settings.compression?.rawValue), ("rotate-size", settings.rotateSize.map(formatSize)),
        ("rotate-time", settings.rotateTime.map(formatDuration)),
        ("rotate-packets", settings.rotatePackets.map { "\($0)" }), ("keep-files", settings.keepFiles.map { "\($0)" }),
        ("keep-bytes", settings.keepBytes.map(formatSize)), ("keep-age", settings.keepAge.map(formatDuration)),
        ("keep-percent", settings.keepPercent.map { "\($0)" }),
    ]
    return all.compactMap { key, value in value.map { (key, $0) } }
}
