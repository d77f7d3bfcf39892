using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Kn.Hosting.Modules;
using Kn.Hosting.Options.Binding;
using Kn.Hosting.Options.Yaml;

namespace Kn.Hosting.Options;

/// <summary>Reads the one config file. Strict: an unknown key, a wrong type and a bad value are errors with their place, all of them told.</summary>
public sealed class ConfigFile
{
    /// <summary>Where an installed node has it.</summary>
    public const string DefaultPath = "/etc/kn/kn.yaml";

    private const string DefaultKubeconfig = "/etc/kn/kubeconfig";
    private const int LargestBytes = 1 << 20;
    private readonly ConfigErrors _errors;
    private readonly IReadOnlyList<ModuleEntry> _modules;
    private readonly string _hostName;
    private YamlMapping _root = new(new YamlPosition(1, 1), []);

    private ConfigFile(string file, IReadOnlyList<ModuleEntry> modules, string hostName)
    {
        _errors = new ConfigErrors(file);
        _modules = modules;
        _hostName = hostName;
    }

    /// <summary>Reads and checks a file.</summary>
    /// <param name="file">Its path, as the user named it.</param>
    /// <param name="modules">The modules that there are.</param>
    /// <param name="hostName">The node's name where the file does not say.</param>
    public static ConfigResult Load(string file, IReadOnlyList<ModuleEntry> modules, string hostName)
    {
        try
        {
            if (new FileInfo(file).Length > LargestBytes)
            {
                return Fault(file, $"is larger than {LargestBytes} bytes");
            }

            return Parse(file, File.ReadAllText(file), modules, hostName);
        }
        catch (FileNotFoundException)
        {
            return Fault(file, "no such file");
        }
        catch (DirectoryNotFoundException)
        {
            return Fault(file, "no such file");
        }
        catch (UnauthorizedAccessException)
        {
            return Fault(file, "may not be read by this user, or is a directory");
        }
        catch (IOException exception)
        {
            return Fault(file, $"cannot be read: {exception.Message}");
        }
    }

    /// <summary>Checks the text of a file.</summary>
    /// <param name="file">Its path, for the errors.</param>
    /// <param name="text">What it holds.</param>
    /// <param name="modules">The modules that there are.</param>
    /// <param name="hostName">The node's name where the file does not say.</param>
    public static ConfigResult Parse(string file, string text, IReadOnlyList<ModuleEntry> modules, string hostName)
    {
        var config = new ConfigFile(file, modules, hostName);
        try
        {
            return config.Read(YamlReader.Read(text));
        }
        catch (YamlSyntaxException exception)
        {
            config._errors.Add(exception.Position, "", exception.Message);
            return new ConfigResult(null, config._errors.All);
        }
    }

    private static ConfigResult Fault(string file, string message) => new(null, [new ConfigError(file, 0, 0, "", message)]);

    private ConfigResult Read(YamlNode root)
    {
        if (root is not YamlMapping map)
        {
            _errors.Add(root.Position, "", "must be keys with values");
            return new ConfigResult(null, _errors.All);
        }

        _root = map;
        _errors.CheckKeys(map.Entries, [.. Sections.Concat(_modules.Select(static module => module.Name))], "");
        var log = Section("log", new LogOptions());
        var listen = Section("listen", new ListenOptions());
        var paths = Section("paths", new PathOptions());
        var cluster = Section("cluster", new ClusterOptions());
        var name = Word("node", _hostName);
        CheckNodeName(name);
        var kubeconfig = Word("kubeconfig", DefaultKubeconfig);
        var modules = _modules.Select(Module).ToList();
        if (_errors.Count > 0)
        {
            return new ConfigResult(null, _errors.All);
        }

        var node = new NodeOptions { Name = name, Paths = paths!, Cluster = cluster! };
        var options = new AgentOptions { Node = node, Kubeconfig = kubeconfig, Log = log!, Listen = listen!, Modules = modules! };
        return new ConfigResult(options, []);
    }

    private static IReadOnlyList<string> Sections => ["node", "kubeconfig", "log", "listen", "paths", "cluster"];

    private YamlEntry? Find(string key)
    {
        var entry = _root.Entries.FirstOrDefault(entry => string.Equals(entry.Key, key, StringComparison.Ordinal));
        if (entry is not null)
        {
            _errors.Locate(key, entry.KeyPosition);
        }

        return entry;
    }

    private string Word(string key, string otherwise)
    {
        switch (Find(key)?.Value)
        {
            case null or YamlScalar { IsNull: true }:
                return otherwise;
            case YamlScalar scalar:
                return scalar.Text;
            case var other:
                _errors.Add(other.Position, key, "must be text");
                return otherwise;
        }
    }

    private void CheckNodeName(string name)
    {
        // RFC 1123 subdomain, as the API server wants names of nodes.
        var valid = name.Length is > 0 and <= 253
            && name.Split('.').All(static part => part.Length > 0 && part[0] != '-' && part[^1] != '-'
                && part.All(static c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'));
        if (!valid)
        {
            _errors.Add("node", $"'{name}' is not a node name: lower-case letters, digits, '-' and '.'");
        }
    }

    private T? Section<T>(string name, T defaults)
        where T : class, IModuleOptions =>
        (T?)Bind(Find(name)?.Value, name, typeof(T), defaults, OptionJson.Default);

    private ModuleSection? Module(ModuleEntry entry)
    {
        var found = Find(entry.Name);
        var enabled = entry.EnabledByDefault;
        var node = found?.Value;
        if (node is YamlMapping map)
        {
            enabled = Enabled(map, entry) ?? enabled;
            node = map with { Entries = [.. map.Entries.Where(static item => item.Key != "enabled")] };
        }

        var resolver = entry.OptionsType.OriginatingResolver ?? entry.OptionsType.Options.TypeInfoResolver;
        var options = (IModuleOptions?)Bind(node, entry.Name, entry.OptionsType.Type, entry.Defaults(), resolver);
        return options is null ? null : new ModuleSection(entry, enabled, options);
    }

    private bool? Enabled(YamlMapping map, ModuleEntry entry)
    {
        var items = map.Entries.Where(static item => item.Key == "enabled").ToList();
        _errors.CheckKeys(items, null, entry.Name);
        if (items.Count == 0)
        {
            return null;
        }

        if (items[0].Value is YamlScalar { IsPlain: true, Text: "true" or "false" } scalar)
        {
            return scalar.Text == "true";
        }

        _errors.Add(items[0].Value.Position, $"{entry.Name}.enabled", "must be true or false");
        return null;
    }

    private object? Bind(YamlNode? node, string path, Type type, IModuleOptions defaults, IJsonTypeInfoResolver? resolver)
    {
        var bound = new SectionBinder(_errors, OptionJson.OptionsFor(resolver)).Bind(node, type, defaults, path);
        if (bound is IModuleOptions options)
        {
            var faults = new OptionErrors();
            options.Validate(faults);
            foreach (var fault in faults.All)
            {
                _errors.Add(ConfigErrors.Join(path, CamelCase(fault.Property)), fault.Expectation);
            }
        }

        return bound;
    }

    private static string CamelCase(string property) => string.Join('.', property.Split('.').Select(JsonNamingPolicy.CamelCase.ConvertName));
}
