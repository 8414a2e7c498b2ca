import Notation

/// Finds the token that libpcap stumbled over, since libpcap doesn't tell.
///
/// The parser asks for one token after the other and stops at the first that it can't use. So an expression is cut
/// after some token and a number is appended that libpcap's *scanner* refuses, in other words than the parser's:
/// if those words come back, the parser had no objection to anything before. The shortest beginning of
/// the expression for which it has ends with the offending token.
struct ErrorLocator {
    private static let poison = "99999999999999999999987"
    private static let poisonMessage = "number \(poison) overflows 32 bits"

    let expression: String
    /// libpcap's words about the whole expression.
    let message: String
    private let framing: Framing
    private let tokens: [FilterToken]

    init(expression: String, message: String, framing: Framing = .ethernet) {
        self.framing = framing
        self.expression = expression
        self.message = message
        self.tokens = FilterToken.tokens(of: expression)
    }

    private var isSyntaxError: Bool { message.contains(text: "syntax error") }

    /// The position in bytes of UTF-8, nil if no single token is to blame.
    func position() -> Int? {
        // Most names occur once. Then libpcap, which might ask the resolver again, needn't be asked.
        if !isSyntaxError {
            let named = tokens.filter { isNamed($0) }
            if named.count == 1 { return named.first?.range.lowerBound }
        }
        let offending = firstRefused()
        if isMeaningless {
            return meaningless(before: offending ?? tokens.count)
        }
        if isSyntaxError {
            return offending.map { tokens[$0].range.lowerBound } ?? expression.utf8.count
        }
        guard let offending else { return nil }
        if let named = tokens[...offending].last(where: { isNamed($0) }) { return named.range.lowerBound }
        // What is complete with a closing bracket is wrong before it.
        let isClosing = tokens[offending].text == "]" || tokens[offending].text == ")"
        return tokens[isClosing ? max(0, offending - 1) : offending].range.lowerBound
    }

    /// libpcap understood the words but not what they are about, as in `tcp or 5`.
    private var isMeaningless: Bool { message == "syntax error in filter expression" }

    /// A number could still have become part of a sum, so the parser had to see what follows it.
    private func meaningless(before index: Int) -> Int? {
        let isPastNumber =
            index == tokens.count || tokens[index].kind == .symbol
            || tokens[index].isKeyword("and") || tokens[index].isKeyword("or")
        guard !tokens.isEmpty else { return nil }
        return tokens[isPastNumber ? max(0, index - 1) : index].range.lowerBound
    }

    /// The index of the first token to which the parser objects. Those after it are never read, so what holds for
    /// one beginning holds for all longer ones: a binary search.
    private func firstRefused() -> Int? {
        var (low, high) = (0, tokens.count)
        while low < high {
            let middle = (low + high) / 2
            if isRefused(through: middle) { high = middle } else { low = middle + 1 }
        }
        return low < tokens.count ? low : nil
    }

    private func isRefused(through index: Int) -> Bool {
        let beginning = String(decoding: expression.utf8.prefix(tokens[index].range.upperBound), as: UTF8.self)
        guard case .refused(let words) = Libpcap.compile("\(beginning) \(Self.poison)", framing) else { return true }
        return words != Self.poisonMessage
    }

    /// Whether libpcap's message names the token: in quotes, or after the word for its kind.
    private func isNamed(_ token: FilterToken) -> Bool {
        guard token.kind != .symbol else { return false }
        let text = token.kind == .escaped ? String(token.text.dropFirst()) : token.text
        if message.contains(text: "'\(text)'") || message.contains(text: "\"\(text)\"") { return true }
        // A network is quoted together with its mask.
        if message.contains(text: "'\(text)/") || message.contains(text: "\"\(text)/") { return true }
        return ["tag", "label", "number", "address", "host", "port", "proto"].contains { kind in
            message.hasSuffix("\(kind) \(text)") || message.contains(text: "\(kind) \(text) ")
        }
    }
}
