"""The table of old idioms, with the sections of MIGRATION.md that treat them.

`forms.py` defines the forms. `{a, b}` stands for a or b, and `.*` for all names below a module.
A name that TensorFlow 2, Keras 3 or NumPy 2 still has is in the table only if `inside` or `requires` tells its old use.
"""

import re
from typing import NamedTuple


class Idiom(NamedTuple):
    """An old way to write something that has a new way."""

    section: str  # the heading in MIGRATION.md
    what: str  # a description for the user
    forms: str  # separated by spaces
    inside: str = ""  # the idiom counts only in the arguments of a call of one of these forms
    requires: str = ""  # the idiom counts only in a file that has one of these forms


def expand(forms: str) -> list[str]:
    """Returns the single forms in a text.

    Example:
        >>> expand("tf.{log, erf} ?.fit(nb_epoch=)")
        ['tf.log', 'tf.erf', '?.fit(nb_epoch=)']
    """
    single = []
    for form in re.sub(r",\s+", ",", forms).split():
        found = re.search(r"\{([^{}]*)\}", form)
        if found is None:
            single.append(form)
        else:
            single += expand(" ".join(form[: found.start()] + one + form[found.end() :] for one in found[1].split(",")))
    return single


# Several names of one module. The old modules of Keras are idioms themselves; names imported from them also have the
# idioms of `keras.layers`.
ALIASES = {
    "tensorflow": "tf",
    "tf.compat.v1": "tf",
    "tf.keras": "keras",
    "tf.python.keras": "keras",
    "tf.contrib.keras": "keras",
    "numpy": "np",
    **dict.fromkeys(
        expand(
            """
            keras.layers.{core, convolutional, pooling, recurrent, normalization, merge, advanced_activations,
                embeddings, noise, wrappers, local, convolutional_recurrent, cudnn_recurrent}
            keras.engine.{topology, base_layer}
            """
        ),
        "keras.layers",
    ),
    **dict.fromkeys(expand("keras.engine keras.engine.{training, network, sequential}"), "keras.models"),
    "keras.backend.tensorflow_backend": "keras.backend",
    "keras.objectives": "keras.losses",
    "keras.initializations": "keras.initializers",
    "keras.Input": "keras.layers.Input",
    "keras.Model": "keras.models.Model",
    "keras.Sequential": "keras.models.Sequential",
    "keras.models.Input": "keras.layers.Input",
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
    ),
    Idiom(
        "Gradients of your own",
        "another gradient for all ops of a type",
        "?.gradient_override_map tf.NoGradient",
    ),
    Idiom(
        "`tf.py_func`",
        "a Python function in the graph",
        "tf.py_func",
    ),
    # Graphs and sessions ----------------------------------------------------------------------------------------------
    Idiom(
        "`Session.run`",
        "a session",
        """
        tf.{Session, InteractiveSession}
        tf.{Session, InteractiveSession}().run
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
        tf.{assign, assign_add, assign_sub}
        tf.scatter_{update, add, sub, mul, div, max, min, nd_update, nd_add, nd_sub}
        """,
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
        "Graphs, sessions, collections and summaries",
        "a part of graphs and sessions",
        """
        tf.{get_default_graph, get_default_session, reset_default_graph, ConfigProto, GPUOptions, GraphKeys,
            get_collection, get_collection_ref, add_to_collection, add_to_collections, enable_eager_execution,
            disable_eager_execution, enable_v2_behavior, disable_v2_behavior, enable_resource_variables,
            disable_resource_variables, trainable_variables, global_variables, all_variables, local_variables,
            model_variables, initialize_all_variables, initialize_local_variables, initialize_variables,
            variables_initializer, local_variables_initializer, tables_initializer, is_variable_initialized,
            report_uninitialized_variables, parse_example, parse_single_example, decode_raw, decode_csv}
        tf.GraphKeys.* tf.train.{Server, replica_device_setter, NewCheckpointReader}
        tf.train.{get_global_step, get_or_create_global_step, create_global_step, global_step,
            MonitoredTrainingSession, MonitoredSession, Supervisor, import_meta_graph, export_meta_graph}
        tf.summary.{merge_all, merge, FileWriter}
        tf.{app, flags, logging, gfile, python_io}.*
        tf.saved_model.{simple_save, builder, Builder, loader}.*
        tf.test.compute_gradient_error
        """,
    ),
    Idiom(
        "Shapes",
        "a shape of Dimension objects",
        """
        ?.shape[].value ?.get_shape()[].value ?._keras_shape
        keras.backend.{int_shape, ndim, get_variable_shape}
        """,
    ),
    # Names and arguments of TensorFlow --------------------------------------------------------------------------------
    Idiom(
        "Names that moved",
        "a moved name",
        """
        tf.{log, log1p, expm1, rsqrt, reciprocal, ceil, rint, erf, erfc, lgamma, digamma, polygamma, zeta,
            igamma, igammac, lbeta, betainc, is_nan, is_inf, is_finite, logical_xor, squared_difference,
            log_sigmoid, cumprod, real, imag, conj, angle, floordiv, floormod, mod, div, div_no_nan,
            accumulate_n, invert_permutation, segment_sum, segment_mean, segment_max, segment_min, segment_prod,
            unsorted_segment_sum, unsorted_segment_mean, unsorted_segment_max, cholesky, cholesky_solve, cross,
            trace, qr, svd, matrix_transpose, global_norm, diag, diag_part, matrix_diag, matrix_diag_part,
            matrix_determinant, matrix_inverse, matrix_solve, matrix_solve_ls, matrix_triangular_solve,
            matrix_band_part, matrix_set_diag, self_adjoint_eig, self_adjoint_eigvals, fft, ifft, fft2d, ifft2d,
            random_normal, random_uniform, random_shuffle, random_gamma, truncated_normal, random_crop,
            multinomial, sparse_tensor_dense_matmul, sparse_tensor_to_dense, sparse_reorder, sparse_to_dense,
            read_file, write_file, matching_files, FixedLenFeature, VarLenFeature, check_numerics, OpError,
            arg_max, arg_min, to_float, to_double, to_int32, to_int64, lin_space, count_nonzero, batch_gather,
            extract_image_patches, space_to_depth, depth_to_space, confusion_matrix, Print,
            verify_tensor_all_finite, assert_positive, assert_integer, where_v2, truncated_normal_initializer,
            glorot_uniform_initializer, glorot_normal_initializer, variance_scaling_initializer,
            orthogonal_initializer, Dimension, dimension_value}
        tf.distributions.*
        tf.image.{resize_bilinear, resize_images, resize_nearest_neighbor}
        tf.nn.{xw_plus_b, softmax_cross_entropy_with_logits_v2}
        tf.python.framework.ops.{Tensor, IndexedSlices}
        tf.python.ops.control_flow_ops.{cond, while_loop}
        """,
    ),
    Idiom(
        "Arguments that were renamed",
        "a renamed argument",
        """
        tf.reduce_{sum, mean, max, min, prod, any, all, logsumexp}(keep_dims=)
        tf.reduce_{sum, mean, max, min, prod, any, all, logsumexp}(reduction_indices=)
        tf.{argmax, argmin}(dimension=)
        tf.expand_dims(dim=) tf.squeeze(squeeze_dims=)
        tf.nn.{softmax, log_softmax}(dim=)
        tf.nn.moments(keep_dims=) tf.norm(keep_dims=) tf.nn.dropout(keep_prob=) tf.nn.conv2d(filter=)
        tf.cond({fn1, fn2}=)
        tf.constant(verify_shape=)
        tf.Variable({expected_shape, collections, use_resource}=)
        tf.zeros_initializer(dtype=)
        """,
    ),
    Idiom(
        "Seeds",
        "a seed that now draws other numbers",
        "tf.set_random_seed tf.random.set_random_seed",
    ),
    # Training in TensorFlow -------------------------------------------------------------------------------------------
    Idiom(
        "Optimizers of `tf.train`",
        "an optimizer that adds ops to the graph",
        """
        tf.train.{GradientDescent, Momentum, Adam, RMSProp, Adagrad, Adadelta, Ftrl}Optimizer
        tf.train.{Optimizer, exponential_decay, piecewise_constant, polynomial_decay, inverse_time_decay,
            natural_exp_decay}
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
        tf.layers.*
        tf.nn.{rnn_cell.*, dynamic_rnn, static_rnn}
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
        """
        keras.optimizers.{SGD, Adam, RMSprop, Adagrad, Adadelta, Adamax, Nadam}({lr, decay, schedule_decay}=)
        keras.optimizers.{sgd, adam, rmsprop, adagrad, adadelta, adamax, nadam}
        ?.get_updates(loss=) ?.get_updates(params=)
        """,
    ),
    Idiom(
        "`BatchNormalization` in training",
        "moving averages that Keras 2 updated differently",
        "keras.layers.BatchNormalization",
        requires="keras.backend.{gradients, function} keras.optimizers.SGD(lr=) ?.fit_generator tf.Session",
    ),
    Idiom(
        "Losses and sample weights",
        "a loss that Keras 2 computed differently",
        """
        keras.backend.{binary_crossentropy, categorical_crossentropy, sparse_categorical_crossentropy}
        tf.losses.{get_total_loss, get_losses, get_regularization_loss, add_loss, absolute_difference,
            compute_weighted_loss, log_loss, softmax_cross_entropy, sigmoid_cross_entropy,
            sparse_softmax_cross_entropy, huber_loss}
        tf.losses.mean_squared_error({labels, predictions}=)
        tf.metrics.{accuracy, mean_squared_error}({labels, predictions}=)
        """,
    ),
    Idiom(
        "Custom layers",
        "a layer of Keras 2",
        "keras.engine.topology.Layer keras.engine.base_layer.Layer keras.engine.Layer",
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
        """
        ?.{fit_generator, evaluate_generator, predict_generator, predict_classes}
        ?.train_function([])
        """,
    ),
    Idiom(
        "Argument names of Keras 1",
        "an argument of Keras 1",
        """
        keras.layers.{Dense, Convolution1D, Convolution2D, Convolution3D, Conv1D, Conv2D, Conv3D, LSTM, GRU,
            SimpleRNN}({output_dim, init, bias, W_regularizer, b_regularizer, W_constraint, b_constraint,
            U_regularizer}=)
        keras.layers.{Convolution1D, Convolution2D, Convolution3D, Conv1D, Conv2D, Conv3D}({nb_filter, nb_row, nb_col,
            filter_length, subsample_length, subsample, atrous_rate, border_mode, dim_ordering}=)
        keras.layers.{MaxPooling1D, MaxPooling2D, MaxPooling3D, AveragePooling1D, AveragePooling2D,
            AveragePooling3D}({pool_length, stride, border_mode, dim_ordering}=)
        keras.layers.{Flatten, UpSampling2D, ZeroPadding2D, Cropping2D, GlobalAveragePooling2D,
            GlobalMaxPooling2D}(dim_ordering=)
        keras.layers.{LSTM, GRU, SimpleRNN}({inner_init, inner_activation, forget_bias_init, dropout_W, dropout_U,
            consume_less}=)
        keras.layers.Embedding({init, W_regularizer, W_constraint}=)
        keras.layers.{Dropout, SpatialDropout1D, SpatialDropout2D, GaussianDropout}(p=)
        keras.layers.GaussianNoise(sigma=) keras.layers.UpSampling1D(length=)
        keras.layers.BatchNormalization({mode, beta_init, gamma_init}=)
        keras.layers.{merge, Merge} keras.models.Model({input, output}=)
        ?.{fit, fit_generator}({nb_epoch, samples_per_epoch, nb_val_samples}=)
        ?.{evaluate, predict, evaluate_generator, predict_generator}(val_samples=)
        keras.initializers.{normal, uniform, zero, one}
        """,
    ),
    Idiom(
        "Modules of Keras 2",
        "a removed module",
        """
        keras.engine.* keras.engine keras.objectives.* keras.initializations.*
        keras.legacy.{interfaces, layers}.*
        keras.layers.{core, convolutional, pooling, recurrent, normalization, merge, advanced_activations,
            embeddings, noise, wrappers, local, convolutional_recurrent, cudnn_recurrent}.*
        keras.backend.{tensorflow_backend, common}.*
        keras.wrappers.scikit_learn.* tf.python.keras.* tf.contrib.keras.*
        keras.utils.{np_utils, generic_utils, data_utils, vis_utils, layer_utils, conv_utils}.*
        """,
    ),
    Idiom(
        "Layers, models and losses of Keras 2",
        "a name of Keras 2",
        """
        keras.layers.{CuDNNLSTM, CuDNNGRU, Deconvolution2D, AtrousConvolution1D, AtrousConvolution2D,
            ThresholdedReLU, LocallyConnected1D, LocallyConnected2D, MaxoutDense, Highway}
        keras.losses.{mse, mae, mape, msle, kld, logcosh, cosine_proximity}
        keras.metrics.{mse, mae}
        keras.optimizers.TFOptimizer
        keras.utils.{multi_gpu_model, print_summary, HDF5Matrix}
        keras.models.model_from_yaml
        ?.{to_yaml, get_updates_for, uses_learning_phase, _uses_learning_phase, _make_predict_function,
            _make_train_function, _make_test_function}
        keras.callbacks.TensorBoard(write_grads=) ?.optimizer.lr
        """,
    ),
    Idiom(
        "`K`",
        "a function of the backend",
        """
        keras.backend.{abs, sign, square, exp, sin, cos, tanh, round, sigmoid, softplus, softsign, softmax,
            relu, elu, log, logsumexp, ones_like, zeros_like, transpose, stop_gradient, shape, sum, mean, prod,
            max, min, var, std, any, all, argmax, argmin, cumsum, cumprod, maximum, minimum, dot, equal,
            not_equal, greater, greater_equal, less, less_equal, sqrt, pow, clip, hard_sigmoid, l2_normalize,
            cast, expand_dims, squeeze, reshape, flatten, batch_flatten, concatenate, stack, permute_dimensions,
            reverse, tile, repeat, repeat_elements, gather, slice, one_hot, eye, ones, zeros, arange, batch_dot,
            switch, bias_add, conv1d, conv2d, conv3d, pool2d, pool3d, spatial_2d_padding, temporal_padding,
            map_fn, foldl, foldr, in_top_k, identity, variable, constant, placeholder, eval, get_value,
            batch_get_value, set_value, batch_set_value, update, update_add, update_sub, moving_average_update,
            set_session, manual_variable_initialization, set_learning_phase, in_train_phase, in_test_phase,
            count_params, print_tensor, is_tensor, is_sparse, is_placeholder, to_dense, set_image_dim_ordering,
            image_dim_ordering, cast_to_floatx, name_scope, reset_uids, random_normal, random_uniform,
            random_binomial, truncated_normal, random_normal_variable, random_uniform_variable, dropout, rnn,
            batch_normalization, normalize_batch_in_training, separable_conv2d, depthwise_conv2d,
            conv2d_transpose, resize_images, local_conv1d, local_conv2d, ctc_batch_cost, ctc_decode, tf,
            get_session}
        """,
    ),
    # NumPy and Python -------------------------------------------------------------------------------------------------
    Idiom(
        "NumPy and Python",
        "a removed name",
        """
        np.{float, int, object, str, complex, float_, complex_, unicode_, string_, Inf, infty, NaN, NINF,
            asscalar, product, cumproduct, alltrue, sometrue, in1d, trapz, round_, asfarray, msort}
        time.clock inspect.getargspec fractions.gcd
        collections.{Iterable, Mapping, Sequence, Callable, MutableMapping, Hashable, Iterator, Sized,
            Container, Set}
        scipy.misc.{imread, imsave, imresize, toimage, logsumexp, factorial, comb}
        """,
    ),
    Idiom(
        "Python 2",
        "a name of Python 2",
        """
        builtins.{xrange, raw_input, unicode, basestring, long, unichr, reduce, execfile, reload, cmp}
        builtins.print>>
        ?.{iteritems, itervalues, iterkeys, has_key}
        itertools.{izip, imap, ifilter}
        cPickle.* cPickle urllib2.* urllib2 StringIO.* StringIO
        """,
    ),
]
