using System.Globalization;
using System.Text.Json;
using Kn.Hosting.Options.Yaml;
using Kn.Primitives;

namespace Kn.Hosting.Options.Binding;

/// <summary>The types whose value is one scalar: what is accepted, what to say when it is not, how it is written as JSON.</summary>
internal static class OptionWords
{
    /// <summary>Whether options of that type are one scalar.</summary>
    internal static bool IsWord(Type type) => type.IsEnum || Expectation(type) is not null;

    /// <summary>Writes the value, or says what is wrong with it.</summary>
    /// <returns>Null when it was written; else the fault, and nothing was written.</returns>
    internal static string? Write(Utf8JsonWriter writer, YamlScalar scalar, Type type)
    {
        if (type == typeof(string))
        {
            writer.WriteStringValue(scalar.Text);
            return null;
        }

        if (type.IsEnum)
        {
            return WriteEnum(writer, scalar, type);
        }

        var written = type == typeof(bool) ? WriteBool(writer, scalar) : TryWriteNumber(writer, scalar, type) ?? TryWriteText(writer, scalar, type);
        return written ? null : $"'{scalar.Text}' is not {Expectation(type)}";
    }

    /// <summary>What a value of the type looks like, to end the sentence "'x' is not …"; null for other types.</summary>
    internal static string? Expectation(Type type)
    {
        if (type == typeof(string))
        {
            return "text";
        }

        if (type == typeof(bool))
        {
            return "true or false";
        }

        if (type == typeof(TimeSpan))
        {
            return "a duration such as 30s, 5m or 1h30m";
        }

        if (type == typeof(ByteSize))
        {
            return "a size such as 512, 64Ki or 16Mi";
        }

        if (type == typeof(IpAddress))
        {
            return "an IP address such as 10.0.0.1 or fd00::1";
        }

        if (type == typeof(IpPrefix))
        {
            return "a prefix such as 10.0.0.0/8";
        }

        if (type == typeof(IpRange))
        {
            return "an address, a prefix or a range such as 10.0.0.10-10.0.0.20";
        }

        return type == typeof(double) ? "a number" : Range(type) is var (least, most) ? $"a whole number from {least} to {most}" : null;
    }

    /// <summary>The names of an enum as the config file has them.</summary>
    internal static IEnumerable<string> Names(Type type) => Enum.GetNames(type).Select(JsonNamingPolicy.CamelCase.ConvertName);

    private static string? WriteEnum(Utf8JsonWriter writer, YamlScalar scalar, Type type)
    {
        if (!Names(type).Contains(scalar.Text, StringComparer.Ordinal))
        {
            return $"'{scalar.Text}' is not one of {string.Join(", ", Names(type))}";
        }

        // As a number, which every enum converter reads, whatever names it would write.
        writer.WriteNumberValue(Convert.ToInt64(Enum.Parse(type, scalar.Text, ignoreCase: true), CultureInfo.InvariantCulture));
        return null;
    }

    private static bool WriteBool(Utf8JsonWriter writer, YamlScalar scalar)
    {
        if (!scalar.IsPlain || scalar.Text is not ("true" or "false"))
        {
            return false;
        }

        writer.WriteBooleanValue(scalar.Text == "true");
        return true;
    }

    private static bool? TryWriteNumber(Utf8JsonWriter writer, YamlScalar scalar, Type type)
    {
        if (type == typeof(double))
        {
            var parsed = double.TryParse(scalar.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var real) && double.IsFinite(real);
            return WriteIf(parsed && scalar.IsPlain, writer, real);
        }

        if (Range(type) is not var (least, most))
        {
            return null;
        }

        var whole = long.TryParse(scalar.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number);
        return WriteIf(whole && scalar.IsPlain && number >= least && number <= most, writer, number);
    }

    private static bool WriteIf(bool valid, Utf8JsonWriter writer, double number)
    {
        if (valid)
        {
            writer.WriteNumberValue(number);
        }

        return valid;
    }

    private static bool WriteIf(bool valid, Utf8JsonWriter writer, long number)
    {
        if (valid)
        {
            writer.WriteNumberValue(number);
        }

        return valid;
    }

    private static bool TryWriteText(Utf8JsonWriter writer, YamlScalar scalar, Type type)
    {
        var valid = type == typeof(TimeSpan) ? Duration.TryParse(scalar.Text, out _)
            : type == typeof(ByteSize) ? ByteSize.TryParse(scalar.Text, out _)
            : type == typeof(IpAddress) ? IpAddress.TryParse(scalar.Text, out _)
            : type == typeof(IpRange) ? IpRange.TryParse(scalar.Text, out _)
            : IpPrefix.TryParse(scalar.Text, out _);
        if (valid)
        {
            writer.WriteStringValue(scalar.Text);
        }

        return valid;
    }

    private static (long Least, long Most)? Range(Type type) => Type.GetTypeCode(type) switch
    {
        TypeCode.Byte => (byte.MinValue, byte.MaxValue),
        TypeCode.UInt16 => (ushort.MinValue, ushort.MaxValue),
        TypeCode.Int32 => (int.MinValue, int.MaxValue),
        TypeCode.UInt32 => (uint.MinValue, uint.MaxValue),
        TypeCode.Int64 => (long.MinValue, long.MaxValue),
        _ => null,
    };
}
