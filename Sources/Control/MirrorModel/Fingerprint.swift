extension Mirror {
    /// What decides which copies are made and where they go, as one text: equal for equal definitions, in every run of
    /// the program. Nothing to read; it tells whether a process works by the definition of now.
    public var fingerprint: String {
        var parts = sources.map { "from \($0)" } + outputs.map { $0.files.map(\.fingerprint) ?? "to \($0)" }
        if let vlans { parts.append("vlans \(vlans)") }
        if let filter { parts.append("filter \(filter.utf8.count) \(filter)") }
        if sample > 1 { parts.append("sample \(sample)") }
        if let snaplen { parts.append("snaplen \(snaplen)") }
        if spread { parts.append("spread") }
        if keepOffloads { parts.append("keep-offloads") }
        return parts.joined(separator: "; ")
    }
}

extension FileSettings {
    fileprivate var fingerprint: String {
        func word(_ key: String, _ value: (some CustomStringConvertible)?) -> String? { value.map { "\(key) \($0)" } }
        let parts = [
            word("to files", directory), word("name", name), word("format", format), word("compress", compression),
            word("rotate-size", rotateSize), word("rotate-time", rotateTime?.components.seconds),
            word("rotate-packets", rotatePackets), word("keep-files", keepFiles), word("keep-bytes", keepBytes),
            word("keep-age", keepAge?.components.seconds), word("keep-percent", keepPercent),
        ]
        return parts.compactMap { $0 }.joined(separator: ", ")
    }
}
