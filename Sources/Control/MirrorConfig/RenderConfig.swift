public import MirrorModel

/// A file that ``parseConfig(_:file:now:)`` reads back as equal mirrors, with only the keys that differ from their
/// defaults. The mirrors have to be such as a file can have: each with a name of its own, sources, outputs, and
/// numbers in their ranges; and no text that begins with a byte order mark, which is dropped.
public func renderConfig(_ mirrors: [Mirror]) -> String {
    guard !mirrors.isEmpty else { return "version: 1\nmirrors: {}\n" }
    return "version: 1\nmirrors:\n" + mirrors.map { rendered($0, indent: 2) }.joined(separator: "\n")
}

/// A mirror's entry in `mirrors`, its name after so many spaces.
func rendered(_ mirror: Mirror, indent: Int) -> String {
    let space = String(repeating: " ", count: indent)
    return space + "\(yamlScalar(mirror.name.description)):\n"
        + renderedKeys(of: mirror).map { "\(space)  \($0.key):\($0.value.text(indent: indent + 2))\n" }.joined()
}

/// The value of one of a mirror's keys.
enum RenderedValue: Hashable {
    case scalar(String)
    /// A list of mappings, each as its lines.
    case items([[String]])

    /// What comes after the key's colon, without the last line's end.
    /// - Parameter indent: how many spaces are in front of the key.
    func text(indent: Int) -> String {
        switch self {
        case .scalar(let text): return " " + text
        case .items(let items):
            let space = "\n" + String(repeating: " ", count: indent + 2)
            return items.map { lines in
                lines.enumerated().map { space + ($0.offset == 0 ? "- " : "  ") + $0.element }.joined()
            }.joined()
        }
    }
}

/// The keys that a mirror's entry needs, in the order in which a person would write them.
func renderedKeys(of mirror: Mirror) -> [(key: String, value: RenderedValue)] {
    var keys: [(key: String, value: RenderedValue)] = [
        ("from", .items(mirror.sources.map(lines))), ("to", .items(mirror.outputs.map(lines))),
    ]
    func add(_ key: String, _ value: (some CustomStringConvertible)?) {
        if let value { keys.append((key, .scalar(value.description))) }
    }
    add("vlans", mirror.vlans)
    add("filter", mirror.filter.map(yamlScalar))
    add("sample", mirror.sample == 1 ? nil : mirror.sample)
    add("snaplen", mirror.snaplen)
    add("spread", mirror.spread ? true : nil)
    add("engine", mirror.engine)
    add("reserve", mirror.reserve ? true : nil)
    add("keep-offloads", mirror.keepOffloads ? true : nil)
    add("until", mirror.until.map(formatTimestamp))
    return keys
}

private func lines(_ source: Source) -> [String] {
    switch source {
    case .bridge(let name): ["bridge: \(yamlScalar(name.description))"]
    case .port(let name, let direction):
        ["port: \(yamlScalar(name.description))"] + (direction == .both ? [] : ["direction: \(direction)"])
    }
}

private func lines(_ output: Output) -> [String] {
    switch output {
    case .port(let name): ["port: \(yamlScalar(name.description))"]
    case .vlan(let id, let bridge): ["vlan: \(id)", "bridge: \(yamlScalar(bridge.description))"]
    case .files(let settings):
        ["files: \(yamlScalar(settings.directory.description))"]
            + fileOptions(settings).map { key, value in "\(key): \(key == "name" ? yamlScalar(value) : value)" }
    }
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
