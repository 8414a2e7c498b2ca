/// A command line of the plainest kind: long options apart from their values, none twice, and operands.
///
/// The parser looks at every option that a command could have, each through Swift's reflection, and that takes longer
/// than all the work there is to do for a mirror. So what is plain is read here, to the same result; whatever is unusual
/// or wrong, help included, is left to the parser.
struct PlainArguments {
    /// What follows an option.
    enum Kind {
        case flag
        case value
        /// A value; the option may come again.
        case values
    }

    /// What is no option's.
    private(set) var operands: [String] = []
    private var options: [(name: String, values: [String])] = []

    /// - Parameter kind: what follows an option; nil if it isn't to be read here.
    /// - Returns: nil if the command line isn't plain.
    init?(_ arguments: some Collection<String>, kind: (String) -> Kind?) {
        var rest = Array(arguments)[...]
        while let word = rest.popFirst() {
            guard word.utf8.first == UInt8(ascii: "-") else {
                operands.append(word)
                continue
            }
            guard let kind = kind(word) else { return nil }
            var values: [String] = []
            if kind != .flag {
                guard let value = rest.popFirst(), value.utf8.first != UInt8(ascii: "-") else { return nil }
                values.append(value)
            }
            if let place = options.firstIndex(where: { $0.name == word }) {
                guard kind == .values else { return nil }
                options[place].values += values
            } else {
                options.append((word, values))
            }
        }
    }

    /// Whether an option is given.
    func has(_ option: String) -> Bool { options.contains { $0.name == option } }

    /// An option's only value.
    func value(_ option: String) -> String? { values(option).first }

    /// An option's values.
    func values(_ option: String) -> [String] { options.first { $0.name == option }?.values ?? [] }
}
