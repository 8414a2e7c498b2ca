/// What stands where a number is expected, by mistake or on purpose: nothing, the ends of each width and one beyond, and
/// what only looks like a number.
public enum ExtremeNumbers {
    /// Whole numbers as text.
    public static let whole = [
        "0", "1", "-1", "127", "128", "255", "256", "32767", "32768", "65535", "65536", "2147483647", "2147483648",
        "-2147483648", "-2147483649", "4294967295", "4294967296", "4294968", "9223372036854775807",
        "9223372036854775808", "-9223372036854775807", "-9223372036854775808", "-9223372036854775809",
        "18446744073709551615", "18446744073709551616", "340282366920938463463374607431768211456",
    ]

    /// What is no whole number, or not in digits that a computer's number has.
    public static let other = [
        "", " ", "x", "-", "+", "+1", "00", "007", "0x10", "1e3", "1e400", "-1e400", "1.5", "-0.5", ".5", "1,5", "nan",
        "inf", "-inf", "٣", "３", "²", "½", "1\u{301}", "\u{0}", "1 2",
    ]

    /// All of them.
    public static let all = whole + other

    /// Integers of 64 bits.
    public static let signed: [Int64] = [
        0, 1, -1, 127, -128, 255, 256, 4095, 4096, 32_767, -32_768, 65_535, 65_536, .init(Int32.max), .init(Int32.min),
        .init(Int32.max) + 1, .init(UInt32.max), .init(UInt32.max) + 1, .max - 1, .max, .min + 1, .min,
    ]
}
