import MirrorModel

/// An output that is capture files, with the settings of how they are written.
extension ConfigReader {
    /// What there is besides `files`.
    static let fileKeys = [
        "name", "format", "compress", "rotate-size", "rotate-time", "rotate-packets", "keep-files", "keep-bytes",
        "keep-age", "keep-percent",
    ]

    mutating func readFiles(_ entries: [YAMLEntry]) -> FileSettings? {
        let before = problems.count
        let directory = entries.first { $0.key == "files" }.flatMap { readDirectory($0.node) }
        // What is wrong with the rest is told even if the directory is wrong as well.
        guard var settings = (directory ?? (try? DirectoryPath("/"))).map({ FileSettings(directory: $0) }) else {
            return nil
        }
        for entry in entries where entry.key != "files" { readFileKey(entry, &settings) }
        guard directory != nil, problems.count == before else { return nil }
        for problem in settings.problems {
            let place = entries.first { $0.key == problem.key }?.node.mark
            report(place ?? entries[0].keyMark, problem.description)
        }
        return settings
    }

    private mutating func readDirectory(_ node: YAMLNode) -> DirectoryPath? {
        guard let text = text(node, "files", "a directory, as in /var/log/captures") else { return nil }
        return name(text, node.mark, DirectoryPath.init)
    }

    private mutating func readFileKey(_ entry: YAMLEntry, _ settings: inout FileSettings) {
        let node = entry.node
        switch entry.key {
        case "name": settings.name = text(node, "name", "a template for names, as in %Y%m%d-%H%M%S")
        case "format": settings.format = choice(node, "format", "formats") ?? .pcapng
        case "compress": settings.compression = choice(node, "compress", "compressions")
        case "rotate-size": settings.rotateSize = size(node, "rotate-size")
        case "rotate-time": settings.rotateTime = duration(node, "rotate-time")
        case "rotate-packets": settings.rotatePackets = number(node, "rotate-packets", 1...UInt32.max)
        case "keep-files": settings.keepFiles = number(node, "keep-files", 1...UInt32.max)
        case "keep-bytes": settings.keepBytes = size(node, "keep-bytes")
        case "keep-age": settings.keepAge = duration(node, "keep-age")
        case "keep-percent":
            let range = FileSettings.percentRange
            settings.keepPercent = number(node, "keep-percent", UInt32(range.lowerBound)...UInt32(range.upperBound))
                .map(UInt8.init)
        default: reportUnknown(entry, ["files"] + Self.fileKeys)
        }
    }

    private mutating func choice<Choice: RawRepresentable & CaseIterable>(
        _ node: YAMLNode, _ key: String, _ kind: String
    ) -> Choice? where Choice.RawValue == String {
        let known = Choice.allCases.map(\.rawValue)
        guard let word = text(node, key, known.joined(separator: " or ")) else { return nil }
        if let choice = Choice(rawValue: word) { return choice }
        report(node.mark, "unknown \(key) \(quoted(word))" + suggestion(for: word, among: known, called: kind))
        return nil
    }

    private mutating func size(_ node: YAMLNode, _ key: String) -> UInt64? {
        guard let text = text(node, key, "a size, as in 100M") else { return nil }
        do {
            return try parseSize(text)
        } catch {
            report(node.mark, "'\(key)': \(error)")
            return nil
        }
    }

    private mutating func duration(_ node: YAMLNode, _ key: String) -> Duration? {
        guard let text = text(node, key, "a duration, as in 1h") else { return nil }
        do {
            return .seconds(try parseDuration(text))
        } catch {
            report(node.mark, "'\(key)': \(error)")
            return nil
        }
    }
}
