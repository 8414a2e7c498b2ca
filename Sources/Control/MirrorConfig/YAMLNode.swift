/// A value of a YAML document with the place where it begins; aliases are resolved, tags are checked.
struct YAMLNode {
    let mark: Mark
    let value: Value

    enum Value {
        /// `isPlain` if it stands without quotes, so that it may be a number, a truth value or nothing.
        case scalar(String, isPlain: Bool)
        case sequence([YAMLNode])
        /// In the order of the file, duplicates included.
        case mapping([YAMLEntry])
    }

    /// The words of YAML's core schema (1.2.2, section 10.3.2) for no value.
    var isNull: Bool {
        guard case .scalar(let text, isPlain: true) = value else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    /// For messages: what is there instead of what was expected.
    var described: String {
        switch value {
        case .sequence: "a list"
        case .mapping: "a mapping"
        case .scalar(let text, let isPlain):
            if isNull { "nothing" } else { isPlain ? quoted(text) : "the text \(quoted(text))" }
        }
    }
}

/// A key of a mapping and its value.
struct YAMLEntry {
    let key: String
    let keyMark: Mark
    let node: YAMLNode
}
