/// Compiles pcap-filter(7) expressions.
public enum FilterCompiler {
    /// The longest expression that is taken, in bytes of UTF-8.
    public static let maximumLength = 65_536

    /// The most words and symbols that an expression may have. The time that libpcap's optimiser takes grows with
    /// the cube of the program: 300 alternatives take seconds, 600 over a minute, and nothing can stop it.
    public static let maximumTokens = 1024

    /// The program for an expression, as libpcap compiles it without a live interface, optimised
    /// and with an unknown netmask. It returns 0 or libpcap's snapshot length, 262144. The empty expression
    /// matches every frame.
    ///
    /// Names of hosts are looked up, which can take the resolver's time.
    public static func compile(
        _ expression: String, framing: Framing = .ethernet
    ) throws(FilterError) -> BPFProgram {
        try checkSize(of: expression)
        switch Libpcap.compile(expression, framing) {
        case .refused(let message):
            let position = ErrorLocator(expression: expression, message: message, framing: framing).position()
            throw FilterError(expression: expression, position: position, message: message)
        // That is no fault of the expression.
        case .unavailable(let reason): throw FilterError(expression: "", message: reason)
        case .instructions(let instructions):
            return try program(of: instructions, expression: expression)
        }
    }

    private static func checkSize(of expression: String) throws(FilterError) {
        guard expression.utf8.count <= maximumLength else {
            throw FilterError(
                expression: expression,
                message: "the filter has \(expression.utf8.count) bytes, more than the \(maximumLength) allowed")
        }
        if let position = Array(expression.utf8).firstIndex(of: 0) {
            throw FilterError(
                expression: expression, position: position, message: "the filter contains a NUL character")
        }
        let tokens = FilterToken.tokens(of: expression)
        if tokens.count > maximumTokens {
            throw FilterError(
                expression: expression, position: tokens[maximumTokens].range.lowerBound,
                message: "the filter has \(tokens.count) words and symbols, more than the \(maximumTokens) allowed; "
                    + "networks and port ranges make it shorter")
        }
    }

    private static func program(
        of instructions: [BPFInstruction], expression: String
    ) throws(FilterError) -> BPFProgram {
        do {
            return try BPFProgram(instructions)
        } catch .earlyRead {
            // As with `geneve or udp`: libpcap's program stores an offset only for frames that are Geneve.
            return try program(of: ScratchMemory.clearing(instructions), expression: expression)
        } catch .jumpOutOfRange {
            // Only `protochain` makes libpcap jump backwards.
            let token = FilterToken.tokens(of: expression).first { $0.isKeyword("protochain") }
            throw FilterError(
                expression: expression, position: token?.range.lowerBound,
                message: "the filter needs a loop, which the kernel doesn't allow")
        } catch {
            throw FilterError(expression: expression, message: "the kernel doesn't take the filter: \(error)")
        }
    }
}
