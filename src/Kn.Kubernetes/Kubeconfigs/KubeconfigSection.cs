using System.Buffers.Text;

namespace Kn.Kubernetes.Kubeconfigs;

/// <summary>The body of a cluster, user or context, with reads that name the field when they fail.</summary>
internal sealed class KubeconfigSection
{
    private readonly KubeconfigFile _file;
    private readonly string _field;
    private readonly YamlTree? _body;

    private KubeconfigSection(KubeconfigFile file, string field, YamlTree? body)
    {
        _file = file;
        _field = field;
        _body = body;
    }

    public static KubeconfigSection Of(KubeconfigFile file, string field, YamlTree? body)
    {
        if (body is { Map: null })
        {
            throw new KubeconfigException(file.Path, field, $"line {body.Line}: expected a map, found {body.Shape}");
        }

        return new KubeconfigSection(file, field, body);
    }

    /// <summary>Text; null where absent or empty.</summary>
    public string? Text(string key)
    {
        if (_body?.Find(key) is not { } value)
        {
            return null;
        }

        return value.Text is null ? throw Fail(key, $"expected text, found {value.Shape}") : value.Text.Length == 0 ? null : value.Text;
    }

    /// <summary>Text that has to be there.</summary>
    public string Required(string key) => Text(key) ?? throw Fail(key, "is missing");

    /// <summary>true or false; false where absent.</summary>
    public bool Boolean(string key) => Text(key) switch
    {
        null or "false" => false,
        "true" => true,
        var other => throw Fail(key, $"expected true or false, found '{other}'"),
    };

    /// <summary>Bytes of "key-data" (base64), else those of the file that "key" names.</summary>
    public PemSource? Source(string key)
    {
        if (Text(key + "-data") is { } data)
        {
            return new PemSource(Decode(key + "-data", data), null, $"{_field}.{key}-data");
        }

        return File(key);
    }

    /// <summary>A file reference, relative to the kubeconfig's folder.</summary>
    public PemSource? File(string key) =>
        Text(key) is { } path ? new PemSource(null, Path.Combine(_file.Folder, path), $"{_field}.{key}") : null;

    /// <summary>An absolute URL with one of these schemes.</summary>
    public Uri Url(string key, string text, params ReadOnlySpan<string> schemes)
    {
        if (Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Host.Length > 0)
        {
            foreach (var scheme in schemes)
            {
                if (url.Scheme == scheme)
                {
                    return url;
                }
            }
        }

        throw Fail(key, $"expected a URL with {string.Join(" or ", schemes.ToArray())}, found '{text}'");
    }

    /// <summary>Refuses a field that asks for what Kn does not do.</summary>
    public void Refuse(string key, string advice)
    {
        if (_body?.Find(key) is not null)
        {
            throw Fail(key, "is not supported: " + advice);
        }
    }

    public KubeconfigException Fail(string key, string problem)
    {
        var line = _body?.Find(key)?.Line ?? _body?.Line;
        return new KubeconfigException(_file.Path, $"{_field}.{key}", line is null ? problem : $"line {line}: {problem}");
    }

    private ReadOnlyMemory<byte> Decode(string key, string text)
    {
        if (!Base64.IsValid(text))
        {
            throw Fail(key, "is not base64");
        }

        return Convert.FromBase64String(text);
    }
}
