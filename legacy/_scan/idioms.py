"""The table of old idioms, with the sections of MIGRATION.md that treat them, and what replaces them.

`nthgrad scan` and `nthgrad port` read it; the tests compare it with MIGRATION.md. `forms.py` defines the forms, and
`rows.py` the rows. `{a, b}` stands for a or b, and `.*` for all names below a module. A name that TensorFlow 2, Keras 3
or NumPy 2 still has is in the table only if `inside` or `requires` tells its old use.
"""

from dataclasses import dataclass
from functools import cached_property

from nthgrad.legacy._scan.expanding import expand
from nthgrad.legacy._scan.rows import Row, read


@dataclass(frozen=True, eq=False)
class Idiom:
    """An old way to write something that has a new way."""

    section: str  # the heading in MIGRATION.md
    what: str  # a description for the user
    forms: str  # separated by spaces
    inside: str = ""  # the idiom counts only in the arguments of a call of one of these forms
    requires: str = ""  # the idiom counts only in a file that has one of these forms, or OLD
    unless: str = ""  # the idiom does not count in a file that has one of these forms
    severity: str = "breaks"  # or "silent", for other numbers without an error, or "style"
    rows: str = ""  # more forms, and what replaces them

    @cached_property
    def rewrites(self) -> dict[str, list[Row]]:
        """The rows, by form."""
        found: dict[str, list[Row]] = {}
        for row in read(self.rows):
            for form in row.forms:
                found.setdefault(form, []).append(row)
        return found

    @cached_property
    def all_forms(self) -> list[str]:
        """The forms, those of the rows too."""
        return list(dict.fromkeys([*expand(self.forms), *self.rewrites]))


GRAPHS = "Graphs, sessions, collections and summaries"
OLD = "a file with an idiom that breaks"

# The sections whose names `tf.compat.v1` still has.
BY_COMPAT = {
    "`tf.gradients`, chained",
    "`tf.gradients` of several ys by several xs",
    "`tf.hessians`",
    "`Session.run`",
    "`tf.placeholder` and `feed_dict`",
    "`tf.Variable` and `tf.global_variables_initializer`",
    "`variable += value`, and variables that are fed",
    "`tf.get_variable` and `tf.variable_scope`",
    GRAPHS,
    "Names that moved",
    "Arguments that were renamed",
    "Seeds",
    "Optimizers of `tf.train`",
    "`tf.train.Saver`",
    "Graphs and models in files",
    "`tf.data`, iterators and queues",
}

PYTHON_2 = Idiom("Python 2", "the syntax of Python 2", "")

IDIOMS = [
    # Gradients --------------------------------------------------------------------------------------------------------
    Idiom(
        "`tf.gradients`, chained",
        "derivatives computed from the graph",
        "tf.gradients",
    ),
    Idiom(
        "`tf.gradients` of several ys by several xs",
        "a weighted, a partial or a summed gradient",
        "tf.gradients(grad_ys=) tf.gradients(stop_gradients=) tf.gradients([])",
    ),
    Idiom(
        "`tf.hessians`",
        "second derivatives computed from the graph",
        "tf.hessians",
    ),
    Idiom(
        "Hessian-vector products",
        "the gradient of a gradient times a vector",
        "tf.gradients()[]* tf.multiply(tf.gradients()[])",
        inside="tf.gradients",
    ),
    Idiom(
        "Hessian-vector products",
        "a private function of TensorFlow",
        "tf.python.ops.gradients_impl._hessian_vector_product",
    ),
    Idiom(
        "Arguments of `tf.gradients`",
        "an argument of tf.gradients",
        """
        tf.gradients({colocate_gradients_with_ops, gate_gradients, aggregation_method, unconnected_gradients}=)
        memory_saving_gradients.*
        """,
    ),
    Idiom(
        "`tf.gradients` through loops",
        "a loop that a graph differentiates once",
        "tf.{while_loop, scan, map_fn, foldl, foldr}",
        requires="tf.gradients keras.backend.gradients",
        severity="style",
    ),
    Idiom(
        "`K.gradients` in a `Lambda`",
        "a derivative as a layer",
        "keras.backend.gradients",
        inside="keras.layers.Lambda",
    ),
    Idiom(
        "Gradient of a model by its input",
        "a gradient of a graph of Keras 2",
        "keras.backend.gradients",
    ),
    Idiom(
        "Difference network made by hand",
        "a difference of constant inputs",
        "keras.layers.{Subtract, subtract}",
        requires="keras.layers.Input(tensor=)",
        severity="style",
    ),
    Idiom(
        "Gradients of your own",
        "another gradient for all ops of a type",
        "?.gradient_override_map tf.NoGradient",
    ),
    Idiom(
        "`tf.py_func`",
        "a Python function in the graph",
        "",
        rows="tf.py_func -> tf.numpy_function",
    ),
    # Graphs and sessions ----------------------------------------------------------------------------------------------
    Idiom(
        "`Session.run`",
        "a session",
        """
        tf.{Session, InteractiveSession}
        tf.{Session, InteractiveSession}().run <Operation>.run
        """,
        rows="""
        <Tensor>.eval => ?.numpy()
        <Variable>.eval => ?.numpy()
        ?.eval(session=) => ?.numpy()
        """,
    ),
    Idiom(
        "`tf.placeholder` and `feed_dict`",
        "a placeholder, or a fed value",
        """
        tf.{placeholder, placeholder_with_default, sparse_placeholder}
        ?.run(feed_dict=) ?.eval(feed_dict=)
        """,
    ),
    Idiom(
        "`tf.Variable` and `tf.global_variables_initializer`",
        "initialization of variables",
        "tf.global_variables_initializer",
    ),
    Idiom(
        "`variable += value`, and variables that are fed",
        "an op that assigns, or a variable used as a tensor",
        """
        tf.{Variable, get_variable}(){+, -, *, /, **, @}=
        tf.scatter_{update, add, sub, mul, div, max, min, nd_update, nd_add, nd_sub}
        """,
        rows="tf.{assign, assign_add, assign_sub}(v, x) => v.*(x)",
    ),
    Idiom(
        "`tf.get_variable` and `tf.variable_scope`",
        "variables found by name",
        """
        tf.{get_variable, get_local_variable, variable_scope, get_variable_scope, variable_op_scope, AUTO_REUSE,
            make_template}
        """,
    ),
    Idiom(
        GRAPHS,
        "a part of graphs and sessions",
        """
        tf.{get_default_graph, get_default_session, ConfigProto, GPUOptions, GraphKeys,
            get_collection, get_collection_ref, add_to_collection, add_to_collections,
            trainable_variables, global_variables, all_variables, local_variables,
            model_variables, is_variable_initialized, report_uninitialized_variables}
        tf.GraphKeys.* tf.train.{Server, replica_device_setter}
        tf.train.{get_global_step, get_or_create_global_step, create_global_step, global_step,
            MonitoredTrainingSession, MonitoredSession, Supervisor}
        tf.summary.{merge_all, merge} ?.add_summary
        tf.saved_model.{simple_save, builder, Builder, loader}.*
        """,
        rows="""
        tf.{reset_default_graph, enable_eager_execution, disable_eager_execution}(*rest) -> nothing
        tf.{enable_v2_behavior, disable_v2_behavior, enable_resource_variables}(*rest) -> nothing
        tf.{disable_resource_variables, initialize_all_variables, initialize_local_variables}(*rest) -> nothing
        tf.{initialize_variables, variables_initializer, local_variables_initializer}(*rest) -> nothing
        tf.tables_initializer(*rest) -> nothing
        tf.{parse_example, parse_single_example, decode_raw, decode_csv} -> tf.io.*
        tf.train.NewCheckpointReader -> tf.train.load_checkpoint
        tf.train.{import_meta_graph, export_meta_graph} => nthgrad.legacy.lift
        tf.summary.FileWriter => tf.summary.create_file_writer
        tf.flags.* -> absl.flags.*
        tf.app.flags.* -> absl.flags.*
        tf.app.run() -> absl.app.run(main)
        tf.app.run -> absl.app.run
        tf.app.* => absl.app
        tf.logging.* => logging.*
        tf.gfile.{GFile, Open, FastGFile} -> tf.io.gfile.GFile
        tf.gfile.Exists -> tf.io.gfile.exists
        tf.gfile.MakeDirs -> tf.io.gfile.makedirs
        tf.gfile.ListDirectory -> tf.io.gfile.listdir
        tf.gfile.IsDirectory -> tf.io.gfile.isdir
        tf.gfile.DeleteRecursively -> tf.io.gfile.rmtree
        tf.gfile.{Glob, Remove, Copy, Rename} => tf.io.gfile
        tf.gfile.* => tf.io.gfile
        tf.python_io.TFRecordWriter -> tf.io.TFRecordWriter
        tf.python_io.tf_record_iterator -> tf.data.TFRecordDataset
        tf.python_io.* => tf.io
        tf.test.compute_gradient_error => nthgrad.check
        """,
    ),
    Idiom(
        GRAPHS,
        "a summary of a graph, which today needs its step",
        "",
        unless="tf.summary.experimental.set_step",
        rows="tf.summary.{scalar, histogram, image, text}(-step) => tf.summary.*(step=step)",
    ),
    Idiom(
        "Shapes",
        "a shape of Dimension objects",
        "",
        rows="""
        ?.shape[].value -> ?
        ?.get_shape()[].value -> ?
        ?._keras_shape -> ?.shape
        keras.backend.int_shape(x) -> x.shape
        keras.backend.get_variable_shape(x) -> x.shape
        keras.backend.ndim(x) -> len(x.shape)
        """,
    ),
    # Names and arguments of TensorFlow --------------------------------------------------------------------------------
    Idiom(
        "Names that moved",
        "a moved name",
        "",
        rows="""
        tf.{log, log1p, expm1, rsqrt, reciprocal, ceil, rint, erf, erfc, lgamma, digamma, polygamma, zeta,
            igamma, igammac, lbeta, betainc, is_nan, is_inf, is_finite, logical_xor, squared_difference,
            log_sigmoid, cumprod, real, imag, conj, angle, floordiv, floormod,
            accumulate_n, invert_permutation, segment_sum, segment_mean, segment_max, segment_min, segment_prod,
            unsorted_segment_sum, unsorted_segment_mean, unsorted_segment_max, count_nonzero,
            confusion_matrix} -> tf.math.*
        tf.mod -> tf.math.floormod
        tf.div_no_nan -> tf.math.divide_no_nan
        tf.div(x, y, name=None) ~> tf.math.divide(x, y, name=name)
        tf.{cholesky, cholesky_solve, cross, trace, qr, svd, matrix_transpose, global_norm} -> tf.linalg.*
        tf.diag -> tf.linalg.tensor_diag
        tf.diag_part -> tf.linalg.tensor_diag_part
        tf.matrix_diag -> tf.linalg.diag
        tf.matrix_diag_part -> tf.linalg.diag_part
        tf.matrix_determinant -> tf.linalg.det
        tf.matrix_inverse -> tf.linalg.inv
        tf.matrix_solve -> tf.linalg.solve
        tf.matrix_solve_ls -> tf.linalg.lstsq
        tf.matrix_triangular_solve -> tf.linalg.triangular_solve
        tf.matrix_band_part -> tf.linalg.band_part
        tf.matrix_set_diag -> tf.linalg.set_diag
        tf.self_adjoint_eig -> tf.linalg.eigh
        tf.self_adjoint_eigvals -> tf.linalg.eigvalsh
        tf.{fft, ifft, fft2d, ifft2d} -> tf.signal.*
        tf.random_normal -> tf.random.normal
        tf.random_uniform -> tf.random.uniform
        tf.random_shuffle -> tf.random.shuffle
        tf.random_gamma -> tf.random.gamma
        tf.truncated_normal -> tf.random.truncated_normal
        tf.multinomial -> tf.random.categorical
        tf.random_crop -> tf.image.random_crop
        tf.sparse_tensor_dense_matmul -> tf.sparse.sparse_dense_matmul
        tf.sparse_tensor_to_dense -> tf.sparse.to_dense
        tf.sparse_reorder -> tf.sparse.reorder
        tf.sparse_to_dense => tf.scatter_nd
        tf.{read_file, write_file, matching_files, FixedLenFeature, VarLenFeature} -> tf.io.*
        tf.check_numerics -> tf.debugging.check_numerics
        tf.OpError -> tf.errors.OpError
        tf.arg_max -> tf.argmax
        tf.arg_min -> tf.argmin
        tf.to_float(x, name=None) -> tf.cast(x, tf.float32, name=name)
        tf.to_double(x, name=None) -> tf.cast(x, tf.float64, name=name)
        tf.to_int32(x, name=None) -> tf.cast(x, tf.int32, name=name)
        tf.to_int64(x, name=None) -> tf.cast(x, tf.int64, name=name)
        tf.lin_space -> tf.linspace
        tf.batch_gather(params, indices) -> tf.gather(params, indices, batch_dims=1)
        tf.extract_image_patches(images, ksizes=None, *rest) -> tf.image.extract_patches(images, sizes=ksizes, *rest)
        tf.{space_to_depth, depth_to_space} -> tf.nn.*
        tf.Print => tf.print
        tf.verify_tensor_all_finite -> tf.debugging.assert_all_finite
        tf.{assert_positive, assert_integer} -> tf.debugging.*
        tf.where_v2 -> tf.where
        tf.truncated_normal_initializer -> keras.initializers.TruncatedNormal
        tf.glorot_uniform_initializer -> keras.initializers.GlorotUniform
        tf.glorot_normal_initializer -> keras.initializers.GlorotNormal
        tf.variance_scaling_initializer -> keras.initializers.VarianceScaling
        tf.orthogonal_initializer -> keras.initializers.Orthogonal
        tf.Dimension(x) -> x
        tf.dimension_value(x) -> x
        tf.distributions.* => tensorflow_probability.distributions.*
        tf.image.{resize_bilinear, resize_images}(images, size) ~> tf.image.resize(images, size)
        tf.image.resize_nearest_neighbor(images, size) ~> tf.image.resize(images, size, "nearest")
        tf.nn.xw_plus_b(x, weights, biases) -> tf.linalg.matmul(x, weights) + biases
        tf.nn.softmax_cross_entropy_with_logits_v2 -> tf.nn.softmax_cross_entropy_with_logits
        tf.python.framework.ops.{Tensor, IndexedSlices} -> tf.*
        tf.python.ops.control_flow_ops.{cond, while_loop} -> tf.*
        """,
    ),
    Idiom(
        "Names that moved",
        "a loss of a graph",
        "",
        rows="""
        tf.losses.mean_squared_error(labels, predictions) -> keras.losses.MeanSquaredError()(labels, predictions)
        tf.losses.absolute_difference(labels, predictions) -> keras.losses.MeanAbsoluteError()(labels, predictions)
        tf.losses.huber_loss(labels, predictions) -> keras.losses.Huber()(labels, predictions)
        tf.losses.log_loss(labels, predictions) -> keras.losses.BinaryCrossentropy()(labels, predictions)
        tf.losses.sigmoid_cross_entropy(x, logits) -> keras.losses.BinaryCrossentropy(from_logits=True)(x, logits)
        tf.losses.softmax_cross_entropy(x, logits) -> keras.losses.CategoricalCrossentropy(from_logits=True)(x, logits)
        tf.losses.sparse_softmax_cross_entropy(labels, logits) => keras.losses.SparseCategoricalCrossentropy
        """,
    ),
    Idiom(
        "Arguments that were renamed",
        "a renamed argument",
        "",
        rows="""
        tf.reduce_{sum, mean, max, min, prod, any, all, logsumexp}(keep_dims=) -> keepdims=keep_dims
        tf.reduce_{sum, mean, max, min, prod, any, all, logsumexp}(reduction_indices=) -> axis=reduction_indices
        tf.{argmax, argmin}(dimension=) -> axis=dimension
        tf.expand_dims(dim=) -> axis=dim
        tf.squeeze(squeeze_dims=) -> axis=squeeze_dims
        tf.nn.{softmax, log_softmax}(dim=) -> axis=dim
        tf.nn.moments(keep_dims=) -> keepdims=keep_dims
        tf.norm(keep_dims=) -> keepdims=keep_dims
        tf.nn.dropout(keep_prob=) -> rate=1 - keep_prob
        tf.nn.conv2d(filter=) -> filters=filter
        tf.cond(fn1=) -> true_fn=fn1
        tf.cond(fn2=) -> false_fn=fn2
        tf.constant(verify_shape=) -> nothing
        tf.Variable({expected_shape, collections, use_resource}=) -> nothing
        tf.zeros_initializer(dtype=) -> nothing
        """,
    ),
    Idiom(
        "Arguments that were renamed",
        "an argument with another meaning",
        "",
        requires=OLD,
        severity="silent",
        rows="""
        tf.nn.dropout(x, keep_prob, noise_shape=None, seed=None, name=None)#2 -> \
            tf.nn.dropout(x, rate=1 - keep_prob, noise_shape=noise_shape, seed=seed, name=name)
        """,
    ),
    Idiom(
        "Seeds",
        "a seed that now draws other numbers",
        "",
        rows="tf.{set_random_seed, random.set_random_seed} ~> tf.random.set_seed",
    ),
    # Training in TensorFlow -------------------------------------------------------------------------------------------
    Idiom(
        "Optimizers of `tf.train`",
        "an optimizer that adds ops to the graph",
        """
        tf.train.{Optimizer, exponential_decay, piecewise_constant, polynomial_decay, inverse_time_decay,
            natural_exp_decay} ?.apply_gradients(global_step=)
        """,
        rows="""
        tf.train.GradientDescentOptimizer => keras.optimizers.SGD
        tf.train.MomentumOptimizer => keras.optimizers.SGD(momentum=)
        tf.train.{Adam, RMSProp, Adagrad, Adadelta, Ftrl}Optimizer => keras.optimizers
        <Optimizer>.{minimize, apply_gradients} => tape.gradient
        ?.compute_gradients => tape.gradient
        """,
    ),
    Idiom(
        "`tf.train.Saver`",
        "variables in a file, by name",
        "tf.train.Saver",
    ),
    Idiom(
        "Graphs and models in files",
        "a graph in a file",
        """
        tf.graph_util.{convert_variables_to_constants, extract_sub_graph, remove_training_nodes}
        tf.train.write_graph
        """,
    ),
    Idiom(
        "`tf.data`, iterators and queues",
        "an iterator or a queue in the graph",
        """
        ?.{make_one_shot_iterator, make_initializable_iterator}
        tf.data.{make_one_shot_iterator, make_initializable_iterator}
        tf.data.Iterator.from_structure
        tf.{FIFOQueue, RandomShuffleQueue, PaddingFIFOQueue, TFRecordReader, TextLineReader, WholeFileReader}
        tf.train.{batch, shuffle_batch, slice_input_producer, string_input_producer, start_queue_runners,
            QueueRunner}
        """,
    ),
    Idiom(
        "`tf.layers`",
        "a layer as a function that creates variables",
        """
        tf.layers.* tf.nn.rnn_cell.*
        """,
        rows="""
        tf.layers.dense(inputs, *rest) -> keras.layers.Dense(*rest)(inputs)
        tf.layers.Dense -> keras.layers.Dense
        tf.layers.conv2d(inputs, *rest) -> keras.layers.Conv2D(*rest)(inputs)
        tf.layers.conv2d_transpose(inputs, *rest) -> keras.layers.Conv2DTranspose(*rest)(inputs)
        tf.layers.max_pooling2d(inputs, *rest) -> keras.layers.MaxPooling2D(*rest)(inputs)
        tf.layers.average_pooling2d(inputs, *rest) -> keras.layers.AveragePooling2D(*rest)(inputs)
        tf.layers.flatten(inputs) -> keras.layers.Flatten()(inputs)
        tf.layers.dropout(inputs, *rest, training) -> keras.layers.Dropout(*rest)(inputs, training=training)
        tf.layers.dropout(inputs, *rest) -> keras.layers.Dropout(*rest)(inputs)
        tf.layers.batch_normalization(inputs, *rest) => keras.layers.BatchNormalization()
        tf.nn.rnn_cell.LSTMCell ~> keras.layers.LSTMCell
        tf.nn.rnn_cell.GRUCell ~> keras.layers.GRUCell
        tf.nn.rnn_cell.BasicRNNCell ~> keras.layers.SimpleRNNCell
        tf.nn.{dynamic_rnn, static_rnn} => keras.layers.RNN
        """,
    ),
    # tf.contrib -------------------------------------------------------------------------------------------------------
    Idiom(
        "`tf.contrib.opt.ScipyOptimizerInterface`",
        "a minimizer of SciPy on a graph",
        "tf.contrib.opt.ScipyOptimizerInterface",
    ),
    Idiom(
        "`tf.contrib`",
        "a removed part of TensorFlow",
        "tf.contrib.* tf.examples.tutorials.mnist.*",
        rows="""
        tf.contrib.layers.{xavier_initializer, xavier_initializer_conv2d} -> keras.initializers.GlorotUniform
        tf.contrib.layers.variance_scaling_initializer() -> keras.initializers.VarianceScaling(2.0)
        tf.contrib.layers.l2_regularizer(scale) -> keras.regularizers.L2(scale / 2)
        tf.contrib.layers.l1_regularizer(scale) -> keras.regularizers.L1(scale)
        tf.contrib.layers.fully_connected(x, n) -> keras.layers.Dense(n, "relu")(x)
        tf.contrib.layers.fully_connected(x, n, activation_fn) -> keras.layers.Dense(n, activation_fn)(x)
        tf.contrib.layers.conv2d(x, n, size) -> keras.layers.Conv2D(n, size, padding="same", activation="relu")(x)
        tf.contrib.layers.batch_norm(x) ~> keras.layers.BatchNormalization(momentum=0.999, scale=False)(x)
        tf.contrib.layers.layer_norm(x) ~> keras.layers.LayerNormalization(epsilon=1e-12)(x)
        tf.contrib.layers.flatten(x) -> keras.layers.Flatten()(x)
        tf.contrib.framework.arg_scope => functools.partial
        tf.contrib.rnn.{LSTMCell, BasicLSTMCell} ~> keras.layers.LSTMCell
        tf.contrib.rnn.GRUCell ~> keras.layers.GRUCell
        tf.contrib.metrics.accuracy(x, y) -> keras.metrics.Accuracy()(x, y)
        tf.contrib.opt.AdamWOptimizer => keras.optimizers.AdamW
        tf.contrib.opt.NadamOptimizer => keras.optimizers.Nadam
        tf.contrib.opt.ExternalOptimizerInterface => scipy.optimize.minimize
        tf.contrib.learn.datasets.mnist.* => keras.datasets.mnist
        tf.examples.tutorials.mnist.* => keras.datasets.mnist
        """,
    ),
    Idiom(
        "What is not available",
        "a removed part of TensorFlow",
        """
        tf.contrib.{slim, seq2seq, crf, distributions, eager, estimator, bayesflow, factorization, training,
            cudnn_rnn, tpu}.*
        tf.contrib.legacy_seq2seq.attention_decoder
        tf.estimator.* tf.pywrap_tensorflow.*
        """,
    ),
    # Keras ------------------------------------------------------------------------------------------------------------
    Idiom(
        "`Input(tensor=...)`",
        "an input that is a constant",
        "keras.layers.Input(tensor=)",
    ),
    Idiom(
        "`predict(x=None, steps=1)`",
        "a run without an input",
        "?.predict(None) ?.predict(x=None)",
    ),
    Idiom(
        "`K.function`",
        "a function of a graph, or its learning phase",
        "keras.backend.{function, learning_phase}",
    ),
    Idiom(
        "`lr` and `decay` of Keras 2 optimizers",
        "an argument or a name of an optimizer",
        "?.get_updates(loss=) ?.get_updates(params=)",
        rows="""
        keras.optimizers.{SGD, Adam, RMSprop, Adagrad, Adadelta, Adamax}(lr=, decay=) -> \
            learning_rate=decayed(lr, decay)
        keras.optimizers.{SGD, Adam, RMSprop, Adagrad, Adadelta, Adamax, Nadam}(lr=) -> learning_rate=lr
        keras.optimizers.{SGD, Adam, RMSprop, Adagrad, Adadelta, Adamax, Nadam}(decay=) => InverseTimeDecay
        keras.optimizers.Nadam(schedule_decay=) -> nothing
        keras.optimizers.{SGD, Adam, RMSprop, Adagrad, Adadelta, Adamax, Nadam}(epsilon=None) -> nothing
        keras.optimizers.sgd -> keras.optimizers.SGD
        keras.optimizers.adam -> keras.optimizers.Adam
        keras.optimizers.rmsprop -> keras.optimizers.RMSprop
        keras.optimizers.adagrad -> keras.optimizers.Adagrad
        keras.optimizers.adadelta -> keras.optimizers.Adadelta
        keras.optimizers.adamax -> keras.optimizers.Adamax
        keras.optimizers.nadam -> keras.optimizers.Nadam
        """,
    ),
    Idiom(
        "`BatchNormalization` in training",
        "moving averages that Keras 2 updated differently",
        "keras.layers.BatchNormalization",
        requires=OLD,
        severity="silent",
    ),
    Idiom(
        "Losses and sample weights",
        "a loss that Keras 2 computed differently",
        """
        tf.losses.{get_total_loss, get_losses, get_regularization_loss, add_loss, compute_weighted_loss}
        tf.metrics.{accuracy, mean_squared_error}
        """,
        rows="""
        keras.backend.{binary_crossentropy, categorical_crossentropy, sparse_categorical_crossentropy} ~> keras.ops.*
        """,
    ),
    Idiom(
        "Losses and sample weights",
        "weights by which Keras 2 divided differently",
        "?.{fit, train_on_batch, evaluate, test_on_batch}(sample_weight=)",
        requires=OLD,
        severity="silent",
    ),
    Idiom(
        "Custom layers",
        "a layer of Keras 2",
        "",
        rows="keras.engine.{topology.Layer, base_layer.Layer, Layer} -> keras.layers.Layer",
    ),
    Idiom(
        "Custom layers",
        "assignments that a layer collects",
        "?.add_update",
        requires="keras.layers.Layer",
    ),
    Idiom(
        "Training loops",
        "a removed method",
        "?.train_function([])",
        rows="""
        <Model>.predict_generator(-verbose) -> verbose=0
        ?.fit_generator -> ?.fit
        ?.evaluate_generator -> ?.evaluate
        ?.predict_generator -> ?.predict
        ?.{fit_generator, evaluate_generator, predict_generator}(generator=) -> x=generator
        ?.{fit_generator, evaluate_generator, predict_generator}({workers, max_queue_size}=) -> nothing
        ?.{fit_generator, evaluate_generator, predict_generator}(use_multiprocessing=) -> nothing
        ?.predict_classes(x) -> ?.predict(x).argmax(-1)
        """,
    ),
    Idiom(
        "Training loops",
        "weights that Keras 2 froze at the next compile, and Keras 3 at the next first step",
        "<Model>.trainable=",
        requires=OLD,
        severity="silent",
    ),
    Idiom(
        "Training loops",
        "a method that prints its progress today",
        "",
        requires=OLD,
        severity="style",
        rows="<Model>.predict(-verbose) -> verbose=0",
    ),
    Idiom(
        "Argument names of Keras 1",
        "an argument of Keras 1",
        "keras.layers.Merge",
        rows="""
        keras.layers.{Dense, LSTM, GRU, SimpleRNN}(output_dim=) -> units=output_dim
        keras.layers.{Dense, Convolution1D, Convolution2D, Convolution3D, Conv1D, Conv2D, Conv3D, LSTM, GRU,
            SimpleRNN}(init=) -> kernel_initializer=initializer(init)
        keras.layers.{Dense, Convolution1D, Convolution2D, Convolution3D, Conv1D, Conv2D,
            Conv3D}(bias=) -> use_bias=bias
        keras.layers.{Dense, Convolution1D, Convolution2D, Convolution3D, Conv1D, Conv2D, Conv3D, LSTM, GRU,
            SimpleRNN}(W_regularizer=) -> kernel_regularizer=W_regularizer
        keras.layers.{Dense, Convolution1D, Convolution2D, Convolution3D, Conv1D, Conv2D, Conv3D, LSTM, GRU,
            SimpleRNN}(b_regularizer=) -> bias_regularizer=b_regularizer
        keras.layers.{Dense, Convolution1D, Convolution2D, Convolution3D, Conv1D, Conv2D,
            Conv3D}(W_constraint=) -> kernel_constraint=W_constraint
        keras.layers.{Dense, Convolution1D, Convolution2D, Convolution3D, Conv1D, Conv2D,
            Conv3D}(b_constraint=) -> bias_constraint=b_constraint
        keras.layers.{LSTM, GRU, SimpleRNN}(U_regularizer=) -> recurrent_regularizer=U_regularizer
        keras.layers.{LSTM, GRU, SimpleRNN}(inner_init=) -> recurrent_initializer=initializer(inner_init)
        keras.layers.{LSTM, GRU}(inner_activation=) -> recurrent_activation=inner_activation
        keras.layers.LSTM(forget_bias_init=) => unit_forget_bias=True
        keras.layers.{LSTM, GRU, SimpleRNN}(dropout_W=) -> dropout=dropout_W
        keras.layers.{LSTM, GRU, SimpleRNN}(dropout_U=) -> recurrent_dropout=dropout_U
        keras.layers.{LSTM, GRU, SimpleRNN}(consume_less=) -> nothing
        keras.layers.{Convolution2D, Conv2D}(nb_row=, nb_col=) -> kernel_size=(nb_row, nb_col)
        keras.layers.{Convolution1D, Convolution2D, Convolution3D, Conv1D, Conv2D,
            Conv3D}(nb_filter=) -> filters=nb_filter
        keras.layers.{Convolution1D, Conv1D}(filter_length=) -> kernel_size=filter_length
        keras.layers.{Convolution1D, Conv1D}(subsample_length=) -> strides=subsample_length
        keras.layers.{Convolution2D, Convolution3D, Conv2D, Conv3D}(subsample=) -> strides=subsample
        keras.layers.{Convolution2D, Conv2D}(atrous_rate=) -> dilation_rate=atrous_rate
        keras.layers.{Convolution1D, Convolution2D, Convolution3D, Conv1D, Conv2D,
            Conv3D}(border_mode=) -> padding=border_mode
        keras.layers.{MaxPooling1D, MaxPooling2D, MaxPooling3D, AveragePooling1D, AveragePooling2D,
            AveragePooling3D}(border_mode=) -> padding=border_mode
        keras.layers.{Convolution2D, Convolution3D, Conv2D, Conv3D, MaxPooling2D, MaxPooling3D, AveragePooling2D,
            AveragePooling3D, Flatten, UpSampling2D, ZeroPadding2D, Cropping2D, GlobalAveragePooling2D,
            GlobalMaxPooling2D}(dim_ordering=) -> data_format=ordering(dim_ordering)
        keras.layers.{MaxPooling1D, AveragePooling1D}(pool_length=) -> pool_size=pool_length
        keras.layers.{MaxPooling1D, AveragePooling1D}(stride=) -> strides=stride
        keras.layers.Embedding(init=) -> embeddings_initializer=initializer(init)
        keras.layers.Embedding(W_regularizer=) -> embeddings_regularizer=W_regularizer
        keras.layers.Embedding(W_constraint=) -> embeddings_constraint=W_constraint
        keras.layers.{Dropout, SpatialDropout1D, SpatialDropout2D, GaussianDropout}(p=) -> rate=p
        keras.layers.GaussianNoise(sigma=) -> stddev=sigma
        keras.layers.UpSampling1D(length=) -> size=length
        keras.layers.BatchNormalization(mode=) -> nothing
        keras.layers.BatchNormalization(beta_init=) -> beta_initializer=initializer(beta_init)
        keras.layers.BatchNormalization(gamma_init=) -> gamma_initializer=initializer(gamma_init)
        keras.layers.merge(inputs, mode: "sum") -> keras.layers.add(inputs)
        keras.layers.merge(inputs, mode: "mul") -> keras.layers.multiply(inputs)
        keras.layers.merge(inputs, mode: "ave") -> keras.layers.average(inputs)
        keras.layers.merge(inputs, mode: "max") -> keras.layers.maximum(inputs)
        keras.layers.merge(inputs, mode: "concat", concat_axis=None) -> \
            keras.layers.concatenate(inputs, axis=concat_axis)
        keras.models.Model(input=) -> inputs=input
        keras.models.Model(output=) -> outputs=output
        ?.{fit, fit_generator}(nb_epoch=) -> epochs=nb_epoch
        ?.{fit, fit_generator}(samples_per_epoch=) => steps_per_epoch=
        ?.{fit, fit_generator}(nb_val_samples=) => validation_steps=
        ?.{evaluate, predict, evaluate_generator, predict_generator}(val_samples=) => steps=
        keras.initializers.normal -> keras.initializers.RandomNormal
        keras.initializers.uniform -> keras.initializers.RandomUniform
        keras.initializers.zero -> keras.initializers.Zeros
        keras.initializers.one -> keras.initializers.Ones
        """,
    ),
    Idiom(
        "Argument names of Keras 1",
        "the rows and columns of a kernel, of which the columns are a stride today",
        "",
        requires=OLD,
        severity="silent",
        rows="""
        keras.layers.{Convolution2D, Conv2D}(n, rows, columns, *rest)#3 -> \
            keras.layers.Conv2D(n, (rows, columns), *rest)
        """,
    ),
    Idiom(
        "Modules of Keras 2",
        "a removed module",
        "keras.engine",
        rows="""
        keras.engine.{Input, InputSpec} -> keras.layers.*
        keras.engine.{Model, training.Model} -> keras.models.Model
        keras.engine.{topology, base_layer}.{Input, InputLayer, InputSpec} -> keras.layers.*
        keras.engine.{topology.get_source_inputs, get_source_inputs} -> keras.utils.get_source_inputs
        keras.engine.{topology, base_layer}.* => keras.layers
        keras.engine.training.* => keras.models
        keras.engine.* => keras
        keras.objectives.* -> keras.losses.*
        keras.initializations.* -> keras.initializers.*
        keras.legacy.{interfaces, layers}.* => nothing
        keras.layers.{core, convolutional, pooling, recurrent, normalization, merge, advanced_activations,
            embeddings, noise, wrappers, local, convolutional_recurrent, cudnn_recurrent}.* -> keras.layers.*
        keras.backend.{tensorflow_backend, common}.* => keras.ops
        keras.wrappers.scikit_learn.* => keras.wrappers
        tf.python.keras.* -> keras.*
        tf.contrib.keras.* -> keras.*
        keras.utils.np_utils.* -> keras.utils.*
        keras.utils.generic_utils.{Progbar, get_custom_objects, custom_object_scope, CustomObjectScope} -> keras.utils.*
        keras.utils.data_utils.{get_file, OrderedEnqueuer} -> keras.utils.*
        keras.utils.data_utils.Sequence -> keras.utils.PyDataset
        keras.utils.vis_utils.{plot_model, model_to_dot} -> keras.utils.*
        keras.utils.{generic_utils, data_utils, vis_utils, layer_utils, conv_utils}.* => keras.utils
        """,
    ),
    Idiom(
        "Layers, models and losses of Keras 2",
        "a name of Keras 2",
        """
        keras.layers.{ThresholdedReLU, LocallyConnected1D, LocallyConnected2D, MaxoutDense, Highway}
        ?.{get_updates_for, get_losses_for, uses_learning_phase, _uses_learning_phase, inbound_nodes, outbound_nodes}
        <Model>.{updates, state_updates, total_loss, targets, sample_weights, predict_proba, reset_states}
        <Layer>.{updates, batch_input_shape}
        """,
        rows="""
        keras.layers.CuDNNLSTM -> keras.layers.LSTM
        keras.layers.CuDNNGRU -> keras.layers.GRU
        keras.layers.Deconvolution2D -> keras.layers.Conv2DTranspose
        keras.layers.AtrousConvolution1D => keras.layers.Conv1D(dilation_rate=)
        keras.layers.AtrousConvolution2D => keras.layers.Conv2D(dilation_rate=)
        keras.losses.mse -> keras.losses.mean_squared_error
        keras.losses.mae -> keras.losses.mean_absolute_error
        keras.metrics.mse -> keras.metrics.mean_squared_error
        keras.metrics.mae -> keras.metrics.mean_absolute_error
        keras.losses.mape -> keras.losses.mean_absolute_percentage_error
        keras.losses.msle -> keras.losses.mean_squared_logarithmic_error
        keras.losses.kld -> keras.losses.kl_divergence
        keras.losses.logcosh -> keras.losses.log_cosh
        keras.losses.cosine_proximity ~> keras.losses.cosine_similarity
        keras.optimizers.TFOptimizer => keras.optimizers.Adam
        keras.utils.multi_gpu_model => tf.distribute.MirroredStrategy
        keras.utils.print_summary(model) -> model.summary()
        keras.utils.HDF5Matrix => h5py.File
        keras.models.model_from_yaml -> keras.models.model_from_json
        ?.to_yaml -> ?.to_json
        ?._make_predict_function -> ?.make_predict_function
        ?._make_train_function -> ?.make_train_function
        ?._make_test_function -> ?.make_test_function
        keras.callbacks.TensorBoard({write_grads, batch_size}=) -> nothing
        ?.optimizer.lr -> ?.learning_rate
        <Layer>.output_shape -> ?.output.shape
        <Layer>.input_shape -> ?.input.shape
        ?.layers[].output_shape -> ?.output.shape
        ?.layers[].input_shape -> ?.input.shape
        ?.get_output_at(index: 0) -> ?.output
        ?.get_input_at(index: 0) -> ?.input
        ?.{get_output_at, get_output_shape_at} => ?.output
        ?.{get_input_at, get_input_shape_at} => ?.input
        ?.save_weights({'.h5', '.hdf5', '.keras', '.ckpt', ''}) => ?.save_weights("*.weights.h5")
        keras.callbacks.ModelCheckpoint({'.h5', '.hdf5', '.ckpt', ''}) => "*.keras", "*.weights.h5"
        keras.callbacks.ModelCheckpoint(period=) => save_freq="epoch"
        ?.history['acc'] => ?.history["accuracy"]
        ?.history['val_acc'] => ?.history["val_accuracy"]
        """,
    ),
    Idiom(
        "Layers, models and losses of Keras 2",
        "the name of a metric, which is now that in compile",
        """
        keras.callbacks.{ModelCheckpoint, EarlyStopping, ReduceLROnPlateau}(monitor='val_acc')
        keras.callbacks.{ModelCheckpoint, EarlyStopping, ReduceLROnPlateau}(monitor='acc')
        """,
        severity="silent",
    ),
    Idiom(
        "Layers, models and losses of Keras 2",
        "a network whose layers now have other names, and some other constants",
        """
        keras.applications.{ResNet50, resnet50.ResNet50, MobileNet, mobilenet.MobileNet, MobileNetV2,
            mobilenet_v2.MobileNetV2, InceptionResNetV2, inception_resnet_v2.InceptionResNetV2}
        """,
        requires=OLD,
        severity="silent",
    ),
    Idiom(
        "Layers, models and losses of Keras 2",
        "pictures that are now turned about another center, made brighter or whitened otherwise",
        """
        keras.preprocessing.image.ImageDataGenerator({rotation_range, shear_range, zoom_range, brightness_range,
            zca_whitening}=)
        keras.preprocessing.image.{apply_affine_transform, random_rotation, random_shear, random_zoom}
        """,
        requires=OLD,
        severity="silent",
    ),
    Idiom(
        "`K`",
        "a function of the backend",
        """
        keras.backend.{batch_dot, placeholder, batch_get_value, batch_set_value, in_train_phase, in_test_phase,
            print_tensor, is_sparse, is_placeholder, to_dense, image_dim_ordering, random_binomial,
            random_normal_variable, random_uniform_variable, rnn, batch_normalization, normalize_batch_in_training,
            separable_conv2d, depthwise_conv2d, conv2d_transpose, resize_images, local_conv1d, local_conv2d,
            ctc_batch_cost, ctc_decode, foldl, foldr, moving_average_update, set_learning_phase, get_session}
        """,
        rows="""
        keras.backend.{abs, sign, square, exp, sin, cos, tanh, round, sigmoid, softplus, softsign, softmax, elu, log,
            logsumexp, ones_like, zeros_like, transpose, stop_gradient, shape, sum, mean, prod, max, min, var, std, any,
            all, maximum, minimum, dot, equal, not_equal, greater, greater_equal, less, less_equal, sqrt, clip, cast,
            squeeze, reshape, stack, tile, slice, one_hot, eye, ones, zeros, arange, is_tensor} -> keras.ops.*
        keras.backend.relu(x) -> keras.ops.relu(x)
        keras.backend.relu(x, alpha) -> keras.ops.leaky_relu(x, alpha)
        keras.backend.relu(x, *, max_value) -> keras.ops.clip(x, 0.0, max_value)
        keras.backend.{argmax, argmin}(x, axis=-1) -> keras.ops.*(x, axis)
        keras.backend.{cumsum, cumprod}(x, axis=0) -> keras.ops.*(x, axis)
        keras.backend.pow -> keras.ops.power
        keras.backend.hard_sigmoid(x) -> keras.ops.clip(0.2 * x + 0.5, 0.0, 1.0)
        keras.backend.l2_normalize(x, axis) -> keras.ops.normalize(x, axis=axis)
        keras.backend.expand_dims(x, axis=-1) -> keras.ops.expand_dims(x, axis)
        keras.backend.flatten -> keras.ops.ravel
        keras.backend.batch_flatten(x) -> keras.ops.reshape(x, (keras.ops.shape(x)[0], -1))
        keras.backend.concatenate(tensors, axis=-1) -> keras.ops.concatenate(tensors, axis)
        keras.backend.permute_dimensions -> keras.ops.transpose
        keras.backend.reverse -> keras.ops.flip
        keras.backend.repeat(x, n) -> keras.ops.repeat(keras.ops.expand_dims(x, 1), n, 1)
        keras.backend.repeat_elements -> keras.ops.repeat
        keras.backend.gather(reference, indices) -> keras.ops.take(reference, indices, 0)
        keras.backend.switch(condition, a, b) -> keras.ops.where(condition, a, b)
        keras.backend.bias_add(x, bias) -> x + bias
        keras.backend.{conv1d, conv2d, conv3d} -> keras.ops.conv
        keras.backend.{pool2d, pool3d}(x, size, strides=1, padding=None, *, pool_mode: "avg") -> \
            keras.ops.average_pool(x, size, strides, padding=padding)
        keras.backend.{pool2d, pool3d}(x, size, strides=1, padding=None) -> \
            keras.ops.max_pool(x, size, strides, padding=padding)
        keras.backend.spatial_2d_padding(x) -> keras.ops.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)])
        keras.backend.temporal_padding(x) -> keras.ops.pad(x, [(0, 0), (1, 1), (0, 0)])
        keras.backend.map_fn -> keras.ops.map
        keras.backend.in_top_k(predictions, targets, k) -> keras.ops.in_top_k(targets, predictions, k)
        keras.backend.identity(x) -> x
        keras.backend.variable(value, dtype=None, name=None) -> keras.Variable(value, dtype=dtype, name=name)
        keras.backend.constant(value, dtype=None) -> keras.ops.convert_to_tensor(value, dtype=dtype)
        keras.backend.{eval, get_value}(x) -> keras.ops.convert_to_numpy(x)
        keras.backend.set_value(x, value) -> x.assign(value)
        keras.backend.update(x, new) -> x.assign(new)
        keras.backend.update_add(x, new) -> x.assign_add(new)
        keras.backend.update_sub(x, new) -> x.assign_sub(new)
        keras.backend.{set_session, manual_variable_initialization}(*rest) -> nothing
        keras.backend.count_params(x) -> x.size
        keras.backend.set_image_dim_ordering(x) -> keras.config.set_image_data_format(ordering(x))
        keras.backend.cast_to_floatx(x) -> x.astype(keras.config.floatx())
        keras.backend.name_scope -> keras.name_scope
        keras.backend.reset_uids -> keras.utils.clear_session
        keras.backend.random_normal -> keras.random.normal
        keras.backend.random_uniform -> keras.random.uniform
        keras.backend.truncated_normal -> keras.random.truncated_normal
        keras.backend.dropout(x, level) -> keras.random.dropout(x, level)
        keras.backend.tf -> tf
        """,
    ),
    # NumPy and Python -------------------------------------------------------------------------------------------------
    Idiom(
        "NumPy and Python",
        "a removed name",
        "scipy.misc.{imread, imsave, imresize, toimage}",
        rows="""
        np.{float, int, object, str, complex} -> *
        np.float_ -> np.float64
        np.complex_ -> np.complex128
        np.unicode_ -> np.str_
        np.string_ -> np.bytes_
        np.{Inf, infty} -> np.inf
        np.NaN -> np.nan
        np.NINF -> -np.inf
        np.asscalar(a) -> a.item()
        np.product -> np.prod
        np.cumproduct -> np.cumprod
        np.alltrue -> np.all
        np.sometrue -> np.any
        np.in1d -> np.isin
        np.trapz -> np.trapezoid
        np.round_ -> np.round
        np.asfarray(a) -> np.asarray(a, float)
        np.msort(a) -> np.sort(a, 0)
        time.clock -> time.perf_counter
        inspect.getargspec -> inspect.getfullargspec
        fractions.gcd -> math.gcd
        collections.{Iterable, Mapping, Sequence, Callable, MutableMapping, Hashable, Iterator, Sized,
            Container, Set} -> collections.abc.*
        scipy.misc.{logsumexp, factorial, comb} -> scipy.special.*
        """,
    ),
    Idiom(
        "Python 2",
        "a name of Python 2",
        "builtins.execfile builtins.print>> urllib2.* urllib2 StringIO.* StringIO",
        rows="""
        builtins.xrange -> range
        builtins.raw_input -> input
        builtins.{unicode, basestring} -> str
        builtins.long -> int
        builtins.unichr -> chr
        builtins.reduce -> functools.reduce
        builtins.reload -> importlib.reload
        builtins.cmp(x, y) -> (x > y) - (x < y)
        ?.iteritems -> ?.items
        ?.itervalues -> ?.values
        ?.iterkeys -> ?.keys
        ?.has_key(k) -> k in ?
        itertools.izip -> zip
        itertools.imap -> map
        itertools.ifilter -> filter
        cPickle.* -> pickle.*
        urllib2.urlopen -> urllib.request.urlopen
        StringIO.StringIO -> io.StringIO
        """,
    ),
]
