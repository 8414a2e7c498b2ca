import Notation

/// A filter that sees frames with their outermost VLAN tag set aside, as a live capture on Linux does.
///
/// The tag may be in the kernel's metadata or in the frame's bytes (inline), so there are two programs:
/// one reads the bytes as they are, one jumps over an inline tag.
struct OuterTagFilter {
    /// For untagged frames and frames whose outermost tag is in metadata.
    let plain: BPFProgram
    /// For frames whose outermost tag is inline: what replaces the instructions of `plain` at these indices.
    let inlineReplacements: [Int: [BPFInstruction]]
    /// Where an inline tag shows.
    let place: Place

    enum Place {
        /// In the Ethernet header's bytes.
        case bytes
        /// In what the kernel takes for the packet's protocol; the header may be anything.
        case protocolType
    }

    /// Whether the filter is without effect.
    var matchesAll: Bool {
        plain.instructions.first.map { $0.opcode == .ret && $0.k != 0 } ?? false
    }

    /// Compiles an expression, its first `vlan` meaning the tag that is set aside.
    init(_ expression: String) throws(FilterError) {
        plain = try Self.compile(expression)
        place = .bytes
        do {
            inlineReplacements = try InlineTag.replacements(in: plain)
        } catch {
            throw FilterError(expression: expression, message: error.description)
        }
    }

    /// A filter for packets without Ethernet headers, or with whatever their interfaces have.
    init(_ expression: String, untagged framing: Framing) throws(FilterError) {
        let program: BPFProgram
        do {
            program = try FilterCompiler.compile(expression, framing: framing)
        } catch  where framing == .cooked && error.message.contains(text: "no VLAN support") {
            throw FilterError(
                expression: expression, position: error.position,
                message: "VLAN tags can't be asked for at all interfaces at once: name one")
        }
        plain = framing == .cooked ? try CookedFilter.live(program, of: expression) : program
        // What this host sends through a card that puts no tags on by itself has them in its bytes.
        inlineReplacements = framing == .cooked ? CookedFilter.replacements(in: plain) : [:]
        place = .protocolType
    }

    private static func compile(_ expression: String) throws(FilterError) -> BPFProgram {
        let tokens = FilterToken.tokens(of: expression)
        // The kernel marks no frame as outgoing before it has passed the tc hooks.
        let direction = tokens.first { $0.isKeyword("inbound") || $0.isKeyword("outbound") }
        guard let rewritten = withOuterTag(expression, tokens) else {
            let program = try FilterCompiler.compile(expression)
            if let direction { throw directionError(expression, direction) }
            return program
        }
        do {
            _ = try FilterCompiler.compile(expression)
        } catch  where error.message == "expression rejects all packets" {
            // libpcap believes that `ip and vlan 5` asks for two EtherTypes at one place; set aside, the tag isn't there.
        }
        if let direction { throw directionError(expression, direction) }
        do {
            return try FilterCompiler.compile(rewritten)
        } catch {
            throw FilterError(expression: expression, message: error.message)
        }
    }

    private static func directionError(_ expression: String, _ token: FilterToken) -> FilterError {
        FilterError(
            expression: expression, position: token.range.lowerBound,
            message: "a mirror's filter can't tell the direction of a frame; choose it with the mirror's sources")
    }

    /// The expression with its first `vlan`, `vlan N` or `vlan (N)` replaced by a relation on the kernel's metadata, which
    /// libpcap compiles to loads like those of a live capture. Nil if there is none that means the outermost tag:
    /// behind `geneve` it is that of the frame inside.
    static func withOuterTag(_ expression: String, _ tokens: [FilterToken]) -> String? {
        guard let index = tokens.firstIndex(where: { $0.isKeyword("vlan") }),
            !tokens[..<index].contains(where: { $0.isKeyword("geneve") })
        else { return nil }
        let operand = tokens[(index + 1)...]
        let brackets = operand.prefix { $0.text == "(" }.count
        var relation = "ether[\(Ancillary.vlanTagPresent):1] = 1"
        var end = tokens[index].range.upperBound
        if let id = operand.dropFirst(brackets).first, id.isNumber {
            relation += " and ether[\(Ancillary.vlanTag):2] & 0xfff = \(id.text)"
            let last = operand.dropFirst(2 * brackets).first ?? id
            end = last.range.upperBound
        }
        let bytes = expression.utf8
        return String(decoding: bytes.prefix(tokens[index].range.lowerBound), as: UTF8.self) + "(\(relation))"
            + String(decoding: bytes.dropFirst(end), as: UTF8.self)
    }
}

extension FilterToken {
    func isKeyword(_ keyword: String) -> Bool {
        kind == .word && text == keyword
    }

    /// Whether the token can follow `vlan`: a number, or a name that libpcap has for one. No operator that can follow
    /// is spelt as a word but these two.
    fileprivate var isNumber: Bool {
        kind == .word && text != "and" && text != "or"
    }
}
